// The table of patterns: everything that its form or the label before it gives away.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/phi_class.h"

namespace residency::deid {

/// Which check a match must pass (validators.h).
enum class Check : std::uint8_t {
  kNone,
  kSsn,
  kNpi,
  kDea,
  kVin,
  kIpv4,
  kDate,
  kPhone,
  kPlainAge,
  kHasDigit,
  kThreeDigits
};

struct Pattern {
  std::string_view rule;
  PhiClass phi_class;
  /// Written for RE2 and Vectorscan alike, over bytes. Group 1, where there is one, is the span.
  std::string_view expression;
  Check check = Check::kNone;
  double score = 0.95;
  bool any_case = true;
};

std::span<const Pattern> patterns();

}  // namespace residency::deid
