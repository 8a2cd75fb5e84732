// Action: what becomes of a value of one class.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/phi_class.h"

namespace residency::deid {

enum class Action : std::uint8_t {
  kKeep,
  kRedact,     // "[DATE]"
  kTag,        // "[DATE_3]": equal values of one patient, equal numbers
  kSurrogate,  // a made-up value of the same form, the same for one patient
  kDateShift,  // by the patient's own number of days
  kYearOnly,
  kAgePool90,  // 90 and over become "90+"
  kZip3,       // three digits, "000" where 20,000 people or fewer live there
  kKeyedHash,  // HMAC-SHA-256, 64 hex digits
  kEncrypt,    // authenticated, equal values to equal codes; see transform/value_code.h
  kMonth,      // dates to their month
  kQuarter,    // dates to their quarter
  kAgeBand5,   // ages to bands of five years, "90+" at the end
  kAgeBand10,
  kState,  // cities to their state, where only one has a city of that name
};

inline constexpr std::array<std::string_view, 15> kActionNames{"keep",
                                                               "redact",
                                                               "tag",
                                                               "surrogate",
                                                               "date_shift",
                                                               "year_only",
                                                               "age_pool_90",
                                                               "zip3",
                                                               "keyed_hash",
                                                               "encrypt",
                                                               "generalize_month",
                                                               "generalize_quarter",
                                                               "age_band_5",
                                                               "age_band_10",
                                                               "generalize_state"};

constexpr std::string_view action_name(Action action) {
  return kActionNames[static_cast<std::size_t>(action)];
}

/// Nothing where there is no action of that name. "generalize_year" is year_only.
constexpr std::optional<Action> action_named(std::string_view name) {
  if (name == "generalize_year") return Action::kYearOnly;
  for (std::size_t i = 0; i < kActionNames.size(); ++i) {
    if (kActionNames[i] == name) return static_cast<Action>(i);
  }
  return std::nullopt;
}

/// False where `action` has no meaning for values of `phi_class`.
constexpr bool action_fits(PhiClass phi_class, Action action) {
  switch (action) {
    case Action::kDateShift:
    case Action::kYearOnly:
    case Action::kMonth:
    case Action::kQuarter:
      return phi_class == PhiClass::kDate;
    case Action::kAgePool90:
    case Action::kAgeBand5:
    case Action::kAgeBand10:
      return phi_class == PhiClass::kAge;
    case Action::kZip3:
      return phi_class == PhiClass::kZip;
    case Action::kState:
      return phi_class == PhiClass::kCity;
    default:
      return true;
  }
}

}  // namespace residency::deid
