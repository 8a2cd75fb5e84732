#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <pugixml.hpp>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

bool read_number(const pugi::xml_attribute& attribute, std::size_t& number) {
  const char* text = attribute.value();
  const char* end = text + std::strlen(text);
  const auto [at, code] = std::from_chars(text, end, number);
  return code == std::errc() && at == end && at != text;
}

}  // namespace

Result<GoldDocument> read_i2b2(std::string_view xml, const std::string& name,
                               const LabelOptions& labels) {
  pugi::xml_document parsed;
  // Without document types no entity is expanded and nothing is fetched; line ends stay as they
  // are, since offsets count them.
  const auto result = parsed.load_buffer(
      xml.data(), xml.size(),
      (pugi::parse_default | pugi::parse_ws_pcdata) & ~static_cast<unsigned>(pugi::parse_eol));
  if (!result) {
    return invalid_input(fmt::format("not XML at byte {}: {}", result.offset, name));
  }
  const pugi::xml_node root = parsed.document_element();
  const pugi::xml_node text = root.child("TEXT");
  if (!text || !root.child("TAGS")) {
    return invalid_input("not the layout of i2b2 2014, which has TEXT and TAGS: " + name);
  }
  GoldDocument document;
  document.id = name;
  document.text = text.text().get();
  std::vector<MarkedSpan> marked;
  for (const pugi::xml_node& tag : root.child("TAGS").children()) {
    if (tag.type() != pugi::node_element) continue;
    MarkedSpan span;
    const pugi::xml_attribute type = tag.attribute("TYPE");
    span.label = type ? type.value() : tag.name();
    if (!read_number(tag.attribute("start"), span.begin) ||
        !read_number(tag.attribute("end"), span.end)) {
      return invalid_input(
          fmt::format("{}: a tag without whole numbers as start and end, at byte {}", name,
                      tag.offset_debug()));
    }
    marked.push_back(std::move(span));
  }
  RESIDENCY_TRY_VOID(add_spans(document, marked, OffsetUnit::kCodePoints, labels, name));
  return document;
}

}  // namespace residency::deid
