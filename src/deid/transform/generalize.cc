#include "deid/transform/generalize.h"

#include <fmt/format.h>
#include <unordered_map>

#include "base/embedded_data.h"
#include "deid/detect/tokens.h"
#include "deid/transform/date_change.h"

RESIDENCY_EMBEDDED(deid_city_states);

namespace residency::deid {
namespace {

/// As ISO 8601 and HL7 write dates.
bool year_first(std::string_view text) {
  return text.size() >= 4 && is_ascii_digit(text[0]) && is_ascii_digit(text[1]) &&
         is_ascii_digit(text[2]) && is_ascii_digit(text[3]);
}

/// HL7's form has no hyphens; it stays without.
std::string iso_month(std::string_view text, int year, int month) {
  const bool packed = text.size() >= 6 && is_ascii_digit(text[4]);
  return packed ? fmt::format("{:04}{:02}", year, month) : fmt::format("{:04}-{:02}", year, month);
}

}  // namespace

std::optional<std::string> month_of_date(std::string_view text, int year) {
  const DateParts parts = date_parts(text, year);
  if (!parts.month) return std::nullopt;
  if (year_first(text)) return iso_month(text, parts.year.value_or(year), *parts.month);
  return fmt::format("{} {}", month_title(*parts.month), parts.year.value_or(year));
}

std::optional<std::string> quarter_of_date(std::string_view text, int year) {
  const DateParts parts = date_parts(text, year);
  if (!parts.month) return std::nullopt;
  const int quarter = (*parts.month - 1) / 3;
  if (year_first(text)) return iso_month(text, parts.year.value_or(year), quarter * 3 + 1);
  return fmt::format("Q{} {}", quarter + 1, parts.year.value_or(year));
}

std::optional<std::string> state_of_city(std::string_view city) {
  static const auto kStates = [] {
    std::unordered_map<std::string_view, std::string_view> states;
    std::string_view rest = embedded_deid_city_states();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      const std::size_t tab = line.find('\t');
      if (tab == std::string_view::npos || line[0] == '#') continue;
      states.emplace(line.substr(0, tab), line.substr(tab + 1));
    }
    return states;
  }();
  const auto found = kStates.find(fold(city));
  if (found == kStates.end()) return std::nullopt;
  return std::string(found->second);
}

}  // namespace residency::deid
