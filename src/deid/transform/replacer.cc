#include "deid/transform/replacer.h"

#include <algorithm>
#include <fmt/format.h>

#include "deid/detect/tokens.h"
#include "deid/detect/validators.h"
#include "deid/transform/date_change.h"
#include "deid/transform/surrogate.h"

namespace residency::deid {
namespace {

constexpr int kAgeMax = 89;  // 164.514(b)(2)(i)(C)

std::string tag(PhiClass phi_class) { return fmt::format("[{}]", phi_class_name(phi_class)); }

/// ZIP areas of three digits with 20,000 people or fewer (Census 2000; HHS guidance of 2012).
std::string zip3(std::string_view text) {
  constexpr std::array<std::string_view, 17> kSmall{"036", "059", "063", "102", "203", "556",
                                                    "692", "790", "821", "823", "830", "831",
                                                    "878", "879", "884", "890", "893"};
  const std::string digits = digits_of(text).substr(0, 3);
  return std::find(kSmall.begin(), kSmall.end(), digits) != kSmall.end() ? "000" : digits;
}

std::string pooled_age(std::string_view text) {
  const std::string digits = digits_of(text);
  if (!digits.empty())
    return digits.size() <= 3 && std::stoi(digits) <= kAgeMax ? std::string(text) : "90+";
  return to_lower(text).starts_with("ninet") || to_lower(text).find("hundred") != std::string::npos
             ? "90+"
             : std::string(text);
}

}  // namespace

std::string Replacer::date(Action action, std::string_view text) const {
  if (action == Action::kDateShift)
    return shift_date(text, code_.offset_days(), latest_year_).value_or(tag(PhiClass::kDate));
  const auto year = year_of(text, latest_year_);
  if (!year || *year < latest_year_ - kAgeMax) return tag(PhiClass::kDate);
  return std::to_string(*year);
}

std::string Replacer::replace(PhiClass phi_class, std::string_view text) {
  const Action action = policy_.of(phi_class);
  ++counts_[static_cast<std::size_t>(phi_class)][static_cast<std::size_t>(action)];
  switch (action) {
    case Action::kKeep:
      return std::string(text);
    case Action::kRedact:
      return tag(phi_class);
    case Action::kTag:
      return fmt::format("[{}_{}]", phi_class_name(phi_class),
                         code_.number_of(phi_class_name(phi_class), to_lower(text)));
    case Action::kSurrogate:
      if (phi_class == PhiClass::kDate || phi_class == PhiClass::kAge) return tag(phi_class);
      return surrogate(phi_class, text, gender_, code_);
    case Action::kDateShift:
    case Action::kYearOnly:
      return date(action, text);
    case Action::kAgePool90:
      return pooled_age(text);
    case Action::kZip3:
      return zip3(text);
  }
  return tag(phi_class);
}

std::string Replacer::apply(std::string_view text, const std::vector<Span>& spans) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t past = 0;
  for (const Span& span : spans) {
    out += text.substr(past, span.begin - past);
    out += replace(span.phi_class, text.substr(span.begin, span.end - span.begin));
    past = span.end;
  }
  out += text.substr(past);
  return out;
}

int latest_year_in(std::string_view text, const std::vector<Span>& spans, int fallback) {
  int latest = 0;
  for (const Span& span : spans) {
    if (span.phi_class != PhiClass::kDate) continue;
    const auto year = year_of(text.substr(span.begin, span.end - span.begin), 2040);
    if (year && *year >= 1900 && *year <= 2040) latest = std::max(latest, *year);
  }
  return latest == 0 ? fallback : latest;
}

}  // namespace residency::deid
