#include "deid/structured/element_case.h"

#include <array>
#include <charconv>
#include <cmath>

namespace residency::deid {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Result<Json> literal(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'')
    return Json(std::string(text.substr(1, text.size() - 2)));
  if (text.size() >= 5 && text.front() == '@') return Json(std::string(text.substr(1)));
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kNumberMax = 1e15;  // beyond it a double is no exact whole number
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() ||
      !(std::fabs(number) <= kNumberMax))
    return invalid_argument(
        "a number, a text in single quotes or a date (@1980-01-01) is expected");
  const auto whole = static_cast<std::int64_t>(number);
  if (text.find('.') == std::string_view::npos && static_cast<double>(whole) == number)
    return Json(whole);
  return Json(number);
}

/// -1, 0 or 1; nothing where the two can't be compared.
std::optional<int> compared(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    const auto x = a.get<double>();
    const auto y = b.get<double>();
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a.is_string() && b.is_string()) {
    const int order = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return std::nullopt;
}

}  // namespace

Result<ElementCondition> ElementCondition::parse(std::string_view text) {
  ElementCondition made;
  while (true) {
    const std::size_t end = text.find(" and ");
    std::string_view part = trimmed(text.substr(0, end));
    constexpr std::string_view kThis = "$this";
    if (!part.starts_with(kThis))
      return invalid_argument("a condition compares $this with a value; join several by \"and\"");
    part = trimmed(part.substr(kThis.size()));
    constexpr std::array<std::string_view, 6> kOps{">=", "<=", "!=", ">", "<", "="};
    std::string_view op;
    for (const std::string_view candidate : kOps) {
      if (op.empty() && part.starts_with(candidate)) op = candidate;
    }
    if (op.empty()) return invalid_argument("a condition without =, !=, <, <=, > or >=");
    RESIDENCY_TRY(Json with, literal(part.substr(op.size())));
    made.all_.push_back({std::string(op), std::move(with)});
    if (end == std::string_view::npos) return made;
    text.remove_prefix(end + 5);
  }
}

bool ElementCondition::holds(const Json& value) const {
  for (const Comparison& one : all_) {
    const auto order = compared(value, one.with);
    if (!order) return false;
    const bool fits = one.op == ">="   ? *order >= 0
                      : one.op == "<=" ? *order <= 0
                      : one.op == "!=" ? *order != 0
                      : one.op == ">"  ? *order > 0
                      : one.op == "<"  ? *order < 0
                                       : *order == 0;
    if (!fits) return false;
  }
  return true;
}

Result<std::optional<Json>> parse_case_value(std::string_view text) {
  if (trimmed(text) == "$this") return std::optional<Json>();
  RESIDENCY_TRY(Json value, literal(text));
  return std::optional<Json>(std::move(value));
}

}  // namespace residency::deid
