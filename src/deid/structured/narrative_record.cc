#include "deid/structured/narrative_record.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <vector>

#include "ingest/cda/narrative.h"

namespace residency::deid {
namespace {

constexpr std::string_view kLayout[] = {"xmlns",  "colspan", "rowspan",  "align",
                                        "border", "width",   "listType", "class"};
constexpr std::string_view kPictures[] = {
    "img", "renderMultiMedia", "object", "script", "style", "video", "audio", "observationMedia"};

template <std::size_t N>
bool one_of(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

void strip(pugi::xml_node node) {
  for (pugi::xml_attribute at = node.first_attribute(); at;) {
    const pugi::xml_attribute next = at.next_attribute();
    if (!one_of(kLayout, at.name()) ||
        (!is_plain_token(at.value()) && std::string_view(at.name()) != "xmlns"))
      node.remove_attribute(at);
    at = next;
  }
  for (pugi::xml_node child = node.first_child(); child;) {
    const pugi::xml_node next = child.next_sibling();
    const bool text = child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata;
    const bool element = child.type() == pugi::node_element;
    if ((!text && !element) || (element && one_of(kPictures, ingest::local_name(child))))
      node.remove_child(child);
    else if (element)
      strip(child);
    child = next;
  }
}

}  // namespace

Result<void> clean_narrative(pugi::xml_node root, const RecordScope& scope) {
  strip(root);
  const auto pieces = ingest::narrative_pieces(root);
  std::vector<TextRun> runs;
  for (const ingest::NarrativePiece& piece : pieces)
    runs.push_back({piece.node.value(), piece.before});
  RESIDENCY_TRY(const auto clean, clean_runs(runs, scope));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pugi::xml_node node = pieces[i].node;
    node.set_value(clean[i].c_str());
  }
  return {};
}

Result<std::string> clean_div(std::string_view xhtml, const RecordScope& scope) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(
      xhtml.data(), xhtml.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  const pugi::xml_node root = document.document_element();
  if (!parsed || ingest::xml_depth(root) > ingest::kXmlDepthMax) return std::string();
  RESIDENCY_TRY_VOID(clean_narrative(root, scope));
  std::ostringstream out;
  root.print(out, "", pugi::format_raw);
  return std::move(out).str();
}

}  // namespace residency::deid
