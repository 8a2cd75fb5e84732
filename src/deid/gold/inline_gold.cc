#include <algorithm>
#include <fmt/format.h>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

/// "CLASS=value; CLASS=value" of a header.
Result<void> read_known(std::string_view text, const std::string& where, KnownPhi& known) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      return invalid_input("a known value of a header is not CLASS=value: " + where);
    const auto phi_class = phi_class_of_label(item.substr(0, equals));
    if (!phi_class) return invalid_input("a known value's class is not known: " + where);
    known.values.push_back({*phi_class, std::string(item.substr(equals + 1))});
  }
  return {};
}

/// "=== id | known: … | birth: YYYY-MM-DD": what follows the id may be left out.
Result<void> read_header(std::string_view line, const std::string& where, GoldDocument& document) {
  line.remove_prefix(3);
  for (bool first = true; !line.empty(); first = false) {
    const std::size_t end = std::min(line.find(" | "), line.size());
    std::string_view part = line.substr(0, end);
    line.remove_prefix(std::min(end + 3, line.size()));
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (first) {
      document.id = part;
    } else if (part.starts_with("known:")) {
      RESIDENCY_TRY_VOID(read_known(part.substr(6), where, document.known));
    } else if (part.starts_with("birth:")) {
      part.remove_prefix(6);
      while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
      document.known.birth_date = part;
    } else {
      return invalid_input("a header holds neither known: nor birth: after the id: " + where);
    }
  }
  if (document.id.empty()) return invalid_input("a header without an id: " + where);
  return {};
}

/// Takes the marks out of `body`.
Result<void> read_body(std::string_view body, const std::string& where, const LabelOptions& labels,
                       GoldDocument& document) {
  std::vector<MarkedSpan> marked;
  for (std::size_t i = 0; i < body.size();) {
    if (body.substr(i, 2) != "[[") {
      document.text += body[i++];
      continue;
    }
    const std::size_t end = body.find("]]", i);
    const std::size_t bar = body.find('|', i);
    if (end == std::string_view::npos || bar > end || bar + 1 == end)
      return invalid_input("a mark that is not [[CLASS|text]]: " + where);
    const std::string_view surface = body.substr(bar + 1, end - bar - 1);
    marked.push_back({document.text.size(), document.text.size() + surface.size(),
                      std::string(body.substr(i + 2, bar - i - 2))});
    document.text += surface;
    i = end + 2;
  }
  return add_spans(document, marked, OffsetUnit::kBytes, labels, where);
}

}  // namespace

Result<std::vector<GoldDocument>> read_inline_gold(std::string_view text, const std::string& name,
                                                   const LabelOptions& labels) {
  std::vector<GoldDocument> documents;
  std::size_t line = 0;
  while (!text.empty()) {
    const std::size_t header_end = std::min(text.find('\n'), text.size());
    ++line;
    const std::string where = fmt::format("{}:{}", name, line);
    const std::string_view header = text.substr(0, header_end);
    text.remove_prefix(std::min(header_end + 1, text.size()));
    if (header.empty()) continue;
    if (!header.starts_with("===")) return invalid_input("text before the first header: " + where);
    GoldDocument& document = documents.emplace_back();
    RESIDENCY_TRY_VOID(read_header(header, where, document));
    std::size_t end = text.starts_with("===") ? 0 : text.find("\n===");
    end = end == std::string_view::npos ? text.size()
                                        : std::min(end + (end > 0 ? 1 : 0), text.size());
    std::string_view body = text.substr(0, end);
    text.remove_prefix(end);
    line += static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n'));
    while (!body.empty() && body.back() == '\n') body.remove_suffix(1);
    RESIDENCY_TRY_VOID(read_body(body, where, labels, document));
    document.text += '\n';
  }
  if (documents.empty()) return invalid_input("no document in the file: " + name);
  return documents;
}

}  // namespace residency::deid
