#include "deid/transform/replacer.h"

#include <algorithm>
#include <fmt/format.h>

#include "deid/detect/tokens.h"
#include "deid/transform/age_change.h"
#include "deid/transform/date_change.h"
#include "deid/transform/generalize.h"
#include "deid/transform/surrogate.h"
#include "deid/transform/value_code.h"
#include "deid/transform/zip3.h"

namespace residency::deid {
namespace {

std::string tag(PhiClass phi_class) { return fmt::format("[{}]", phi_class_name(phi_class)); }

}  // namespace

/// `days` is by how much `text` was moved. A year counts by whole years, so that the doubtful one
/// falls with those over 89.
bool Replacer::tells_age_over_89(std::string_view text, int days) const {
  const auto year = year_of(text, latest_year_);
  if (!year) return false;
  const int corpus = code_.real() != nullptr ? code_.real()->latest_year() : 0;
  const int newest = std::max(latest_year_, corpus) + (days > 0 ? 1 : 0);
  return *year < newest - kAgeMax;
}

std::string Replacer::date(Action action, std::string_view text) const {
  if (tells_age_over_89(text, 0)) return tag(PhiClass::kDate);
  if (action == Action::kYearOnly) {
    const auto year = year_of(text, latest_year_);
    return year ? std::to_string(*year) : tag(PhiClass::kDate);
  }
  if (action == Action::kMonth)
    return month_of_date(text, latest_year_).value_or(tag(PhiClass::kDate));
  if (action == Action::kQuarter)
    return quarter_of_date(text, latest_year_).value_or(tag(PhiClass::kDate));
  const int days = code_.offset_days();
  const auto moved = shift_date(text, days, latest_year_);
  // The birthday of somebody of 89 may have moved over the border.
  if (!moved || tells_age_over_89(*moved, days)) return tag(PhiClass::kDate);
  return *moved;
}

std::string Replacer::age(Action action, std::string_view text) const {
  if (action == Action::kAgePool90) return pooled_age(text);
  return age_band(text, action == Action::kAgeBand5 ? 5 : 10).value_or(tag(PhiClass::kAge));
}

std::string Replacer::code(Action action, std::string_view text) const {
  if (action == Action::kKeyedHash)
    return element_hash(policy_.hash_key.empty() ? code_.hash_key() : policy_.hash_key, text);
  auto sealed = seal_value(code_.encrypt_key(), kValueLabel, text);
  // Sealing fails only where the library does: then nothing stands for the value.
  return sealed.ok() ? std::move(sealed).value() : std::string("[ENCRYPTED]");
}

std::string Replacer::replaced(Action action, PhiClass phi_class, std::string_view text) {
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
    case Action::kMonth:
    case Action::kQuarter:
      return date(action, text);
    case Action::kAgePool90:
    case Action::kAgeBand5:
    case Action::kAgeBand10:
      return age(action, text);
    case Action::kZip3:
      return zip3(text, policy_.zip_census);
    case Action::kKeyedHash:
    case Action::kEncrypt:
      return code(action, text);
    case Action::kState:
      return state_of_city(text).value_or(tag(phi_class));
  }
  return tag(phi_class);
}

std::string Replacer::replace(PhiClass phi_class, std::string_view text) {
  const Action action = policy_.of(phi_class);
  ++counts_[static_cast<std::size_t>(phi_class)][static_cast<std::size_t>(action)];
  std::string out = replaced(action, phi_class, text);
  const bool one_to_one = action == Action::kTag || action == Action::kSurrogate ||
                          action == Action::kDateShift || action == Action::kKeyedHash;
  if (one_to_one && out != tag(phi_class)) code_.remember(out, text);
  return out;
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
