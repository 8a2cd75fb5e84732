#include <charconv>
#include <fmt/format.h>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

bool take_number(std::string_view& text, std::size_t& number) {
  const auto [at, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// "NAME 0 5" or "NAME 0 5;8 12"; false where it is neither.
bool read_place(std::string_view place, std::vector<MarkedSpan>& marked) {
  const auto space = place.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  const std::string label(place.substr(0, space));
  place.remove_prefix(space + 1);
  do {
    MarkedSpan span;
    span.label = label;
    if (!take_number(place, span.begin) || !take(place, ' ') || !take_number(place, span.end)) {
      return false;
    }
    marked.push_back(std::move(span));
  } while (take(place, ';'));
  return place.empty();
}

}  // namespace

Result<GoldDocument> read_brat(std::string text, std::string_view annotations,
                               const std::string& name, const LabelOptions& labels) {
  GoldDocument document;
  document.id = name;
  document.text = std::move(text);
  std::size_t number = 0;
  while (!annotations.empty()) {
    ++number;
    const std::size_t end = std::min(annotations.find('\n'), annotations.size());
    std::string_view line = annotations.substr(0, end);
    annotations.remove_prefix(std::min(end + 1, annotations.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Relations, events, attributes and notes are no text-bound annotations.
    if (line.empty() || line.front() != 'T') continue;
    const std::string where = fmt::format("{}:{}", name, number);
    const auto first = line.find('\t');
    std::vector<MarkedSpan> marked;
    if (first == std::string_view::npos) return invalid_input("no brat annotation: " + where);
    line.remove_prefix(first + 1);
    if (!read_place(line.substr(0, line.find('\t')), marked)) {
      return invalid_input("no brat annotation: " + where);
    }
    RESIDENCY_TRY_VOID(add_spans(document, marked, OffsetUnit::kCodePoints, labels, where));
  }
  return document;
}

}  // namespace residency::deid
