#include "deid/transform/age_change.h"

#include <array>
#include <fmt/format.h>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::array<std::string_view, 20> kUnits{
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> kTens{"twent", "thirt",  "fort",  "fift",
                                                "sixt",  "sevent", "eight", "ninet"};

/// "forty", "fortieth" and "forties" give 40; -1 where the word names no ten.
int tens_of(std::string_view word) {
  for (std::size_t i = 0; i < kTens.size(); ++i) {
    if (!word.starts_with(kTens[i])) continue;
    const std::string_view end = word.substr(kTens[i].size());
    if (end == "y" || end == "ies" || end == "ieth" || end == "ys")
      return static_cast<int>(i + 2) * 10;
  }
  return -1;
}

int unit_of(std::string_view word) {
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (word == kUnits[i]) return static_cast<int>(i);
  }
  return -1;
}

/// The words of a hyphenated or spaced number.
std::optional<int> in_words(std::string_view lower) {
  int years = -1;
  for (std::size_t from = 0; from < lower.size();) {
    std::size_t end = from;
    while (end < lower.size() && lower[end] >= 'a' && lower[end] <= 'z') ++end;
    const std::string_view word = lower.substr(from, end - from);
    from = end + 1;
    if (word.empty()) continue;
    if (word.starts_with("hundred") || word.starts_with("centenarian")) return 100;
    if (word.starts_with("nonagenarian")) return 90;
    if (word.starts_with("octogenarian")) return 80;
    if (const int tens = tens_of(word); tens > 0) {
      years = tens;
    } else if (const int unit = unit_of(word); unit >= 0) {
      years = years < 0 ? unit : (years % 10 == 0 && unit < 10 ? years + unit : years);
    }
  }
  if (years < 0) return std::nullopt;
  return years;
}

/// How many of the unit that follows make a year.
int per_year(std::string_view after) {
  while (!after.empty() && (after[0] == ' ' || after[0] == '-')) after.remove_prefix(1);
  if (after.starts_with("mo") || after.starts_with("mth")) return 12;
  if (after.starts_with("w")) return 52;
  if (after.starts_with("day") || after.starts_with("d/o") || after.starts_with("do")) return 365;
  if (after.starts_with("hour") || after.starts_with("hr")) return 8766;
  return 1;
}

}  // namespace

std::optional<int> years_of(std::string_view text) {
  const std::string lower = to_lower(text);
  std::size_t at = 0;
  while (at < lower.size() && !is_ascii_digit(lower[at])) ++at;
  std::optional<int> years;
  std::size_t end = at;
  if (at == lower.size()) {
    years = in_words(lower);
    // "three months": the unit is a word of the text.
    for (const std::string_view unit : {"month", "week", "day", "hour"}) {
      const std::size_t place = lower.find(unit);
      if (years && place != std::string::npos)
        return *years / per_year(std::string_view(lower).substr(place));
    }
    return years;
  }
  while (end < lower.size() && is_ascii_digit(lower[end])) ++end;
  if (end - at > 4) return std::nullopt;
  int number = 0;
  for (std::size_t i = at; i < end; ++i) number = number * 10 + (lower[i] - '0');
  return number / per_year(std::string_view(lower).substr(end));
}

std::string pooled_age(std::string_view text) {
  const auto years = years_of(text);
  if (years && *years <= kAgeMax) {
    // A second number may be the one that tells: "aged 60 to 94".
    std::string_view rest = text;
    while (!rest.empty()) {
      std::size_t at = 0;
      while (at < rest.size() && !is_ascii_digit(rest[at])) ++at;
      rest.remove_prefix(at);
      if (const auto next = rest.empty() ? std::nullopt : years_of(rest); next && *next > kAgeMax)
        return "90+";
      while (!rest.empty() && is_ascii_digit(rest[0])) rest.remove_prefix(1);
    }
    return std::string(text);
  }
  if (years) return "90+";
  for (const char c : text) {
    if (is_ascii_digit(c)) return "90+";
  }
  return std::string(text);
}

std::optional<std::string> age_band(std::string_view text, int years) {
  const auto age = years_of(text);
  if (!age || *age < 0) return std::nullopt;
  if (*age > kAgeMax) return "90+";
  const int from = *age / years * years;
  return fmt::format("{}-{}", from, from + years - 1);
}

}  // namespace residency::deid
