// GuardOptions: what the filters do with protected health information in an answer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/phi_class.h"
#include "base/result.h"

namespace residency::guard {

enum class FilterMode : std::uint8_t {
  kMask,    // "[PHONE]" in its place
  kBlock,   // the answer ends before it
  kDetect,  // it is counted and goes out
};

/// kInvalidArgument, listing the names, where `name` is none of mask, block, detect.
Result<FilterMode> filter_mode_named(std::string_view name);

struct GuardOptions {
  FilterMode mode = FilterMode::kMask;
  /// Classes that are looked for. Ages, professions, wards and bare numbers stand in many harmless
  /// answers, so that they are left out unless asked for.
  std::array<bool, kPhiClassCount> classes = default_classes();
  double threshold = 0.7;           // the least score that counts
  std::int64_t window_bytes = 256;  // at least so much text is held back

  static std::array<bool, kPhiClassCount> default_classes();
  /// {mode: mask|block|detect, classes: [CLASS...], threshold, window_bytes}. Strict.
  static Result<GuardOptions> from_config(const ConfigNode& node);
  std::string canonical_json() const;
};

}  // namespace residency::guard
