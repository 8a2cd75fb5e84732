// Policy: what becomes of each class of PHI, and which method of 45 CFR 164.514(b) that allows to
// claim.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/phi_class.h"
#include "base/result.h"
#include "deid/detect/detector.h"

namespace residency::deid {

enum class Action : std::uint8_t {
  kKeep,
  kRedact,     // "[DATE]"
  kTag,        // "[DATE_3]": equal values of one patient, equal numbers
  kSurrogate,  // a made-up value of the same form, the same for one patient
  kDateShift,  // by the patient's own number of days
  kYearOnly,
  kAgePool90,  // 90 and over become "90+"
  kZip3,       // three digits, "000" where fewer than 20,000 people live there
};

inline constexpr std::array<std::string_view, 8> kActionNames{
    "keep", "redact", "tag", "surrogate", "date_shift", "year_only", "age_pool_90", "zip3"};

constexpr std::string_view action_name(Action action) {
  return kActionNames[static_cast<std::size_t>(action)];
}

struct Policy {
  std::string preset = "safe-harbor";  // "safe-harbor", "limited-data-set", "expert-determination"
  std::array<Action, kPhiClassCount> actions{};

  Action of(PhiClass phi_class) const { return actions[static_cast<std::size_t>(phi_class)]; }
  /// "safe_harbor" (164.514(b)(2)), "limited_data_set" (164.514(e)) or "expert_determination"
  /// (164.514(b)(1)): what the actions allow to claim, whatever the preset is called.
  std::string_view method() const;
  /// kInvalidArgument for a name that is no preset.
  static Result<Policy> named(std::string_view preset);
};

struct DeidOptions {
  Policy policy;
  DetectorOptions detector;
  std::uint64_t text_bytes_max = 4u << 20;  // a longer note, resource or row goes to quarantine
  std::int64_t expires_days = 730;          // after which the certificate needs a new look
  std::int64_t threads = 0;                 // 0: one for each core; decides no output

  /// {policy: {preset: NAME, classes: {CLASS: action}}, detector: {...}, text_bytes_max,
  /// expires_days, threads}. CLASS is a name of base/phi_class.h, in any case. Strict.
  static Result<DeidOptions> from_config(const ConfigNode& node);
  /// Everything that decides the output (not the threads), keys sorted.
  std::string canonical_json() const;
};

}  // namespace residency::deid
