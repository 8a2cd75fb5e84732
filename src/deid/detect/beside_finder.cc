#include "deid/detect/beside_finder.h"

#include <array>
#include <string>

#include "deid/detect/known_finder.h"
#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

/// The digits of a number at `at`, at most three; 0 where there is none, or where more follow.
std::size_t number_at(std::string_view text, std::size_t at) {
  std::size_t digits = 0;
  while (at + digits < text.size() && is_ascii_digit(text[at + digits])) ++digits;
  return digits <= 3 ? digits : 0;
}

bool plausible(std::string_view digits) {
  int age = 0;
  for (const char c : digits) age = age * 10 + (c - '0');
  return digits[0] != '0' && age >= 1 && age <= 119;
}

/// True where nothing of a number, a unit or a date follows.
bool ends_there(std::string_view text, std::size_t at, bool bracket) {
  if (at >= text.size()) return true;
  const char c = text[at];
  if (bracket) {
    return c == ')' || c == ',' || c == ';' || text.substr(at, 2) == "yo" ||
           text.substr(at, 2) == " y" || text.substr(at, 2) == "y)" || text.substr(at, 2) == " m";
  }
  if (c == ',' || c == ';' || c == '\n' || c == ')') return true;
  return c == '.' && (at + 1 >= text.size() || is_space(text[at + 1]));
}

}  // namespace

std::vector<Span> find_beside(std::string_view text, const std::vector<Span>& found) {
  std::vector<Span> spans;
  for (const Span& span : found) {
    const bool date = span.phi_class == PhiClass::kDate;
    if (!is_name_class(span.phi_class) && !date) continue;
    for (const std::string_view lead : {" (", ", ", " is ", " was ", ", age ", " "}) {
      if (text.substr(span.end, lead.size()) != lead || (date && lead != " (")) continue;
      const std::size_t at = span.end + lead.size();
      const std::size_t digits = number_at(text, at);
      if (digits == 0 || !plausible(text.substr(at, digits)) ||
          !ends_there(text, at + digits, lead == " (") ||
          (lead == " " && text.substr(at + digits, 1) != "," && text.substr(at + digits, 1) != ")"))
        continue;
      spans.push_back({at, at + digits, PhiClass::kAge, 0.8, Reason::kContext, "age_beside_name"});
      break;
    }
  }
  return spans;
}

namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

/// The month of a whole date as US notes write it, 1 to 12; 0 where it can't be told.
int month_of(std::string_view date) {
  const std::string lower = to_lower(date);
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    if (lower.find(kMonths[m]) != std::string::npos) return static_cast<int>(m) + 1;
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) value = value * 10 + (lower[i] - '0');
    return value;
  };
  const std::size_t first = number_at(lower, 0);
  if (first == 1 || first == 2) return number(0, first);
  if (lower.size() >= 7 && (lower[4] == '-' || lower[4] == '/')) {
    const std::size_t digits = number_at(lower, 5);
    return digits == 1 || digits == 2 ? number(5, digits) : 0;
  }
  return 0;
}

std::array<bool, 13> months_of(std::string_view text, const std::vector<Span>& found) {
  std::array<bool, 13> months{};
  for (const Span& span : found) {
    if (span.phi_class != PhiClass::kDate || span.end - span.begin < 6) continue;
    const int month = month_of(text.substr(span.begin, span.end - span.begin));
    if (month < 1 || month > 12) continue;
    for (const int near : {month, month % 12 + 1, (month + 10) % 12 + 1})
      months[static_cast<std::size_t>(near)] = true;
  }
  return months;
}

/// What is scored out of so many: pain, strength, murmurs, pulses, questionnaires.
bool scored_out_of(int value, int limit) {
  switch (limit) {
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
      return value <= limit;
    case 12:
    case 15:
    case 21:
    case 24:
    case 27:
    case 28:
    case 30:
      return value >= limit / 4;
    default:
      return false;
  }
}

bool part_of_word(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' ||
         c == '.' || c == '-' || c == '+' || c == '%' || c == '#' || c == ',';
}

}  // namespace

std::vector<Span> find_partial_dates(std::string_view text, const std::vector<Span>& found) {
  std::vector<Span> spans;
  const std::array<bool, 13> months = months_of(text, found);
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/', slash + 1)) {
    std::size_t begin = slash;
    while (begin > 0 && slash - begin < 3 && is_ascii_digit(text[begin - 1])) --begin;
    const std::size_t left = slash - begin;
    const std::size_t right = number_at(text, slash + 1);
    if (left < 1 || left > 2 || right < 1 || right > 2) continue;
    const std::size_t end = slash + 1 + right;
    if (begin > 0 && part_of_word(text[begin - 1])) continue;
    // A dot or comma may end the sentence.
    if (end < text.size() && part_of_word(text[end]) &&
        !((text[end] == '.' || text[end] == ',' || text[end] == '-') &&
          (end + 1 >= text.size() || !is_ascii_digit(text[end + 1]))))
      continue;
    const int month = text[begin] == '0' || left == 1
                          ? text[slash - 1] - '0'
                          : 10 * (text[begin] - '0') + text[slash - 1] - '0';
    const int day =
        right == 1 ? text[slash + 1] - '0' : 10 * (text[slash + 1] - '0') + text[slash + 2] - '0';
    if (month < 1 || month > 12 || day < 1 || day > 31) continue;
    if (!months[static_cast<std::size_t>(month)] || scored_out_of(month, day)) continue;
    spans.push_back({begin, end, PhiClass::kDate, 0.7, Reason::kContext, "date_partial"});
  }
  return spans;
}

}  // namespace residency::deid
