// The kinds of personal data a guardrail may name: Bedrock's, and the classes of our detector.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/phi_class.h"

namespace residency::guard {

/// Bedrock's name ("US_SOCIAL_SECURITY_NUMBER") or ours ("SSN").
bool is_pii_type(std::string_view type);

/// The detector's classes that `type` stands for; none where it is found by a pattern alone.
std::vector<PhiClass> pii_classes(std::string_view type);

struct PiiMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Places that the pattern of `type` finds and its check digits confirm; none where it has no
/// pattern.
std::vector<PiiMatch> find_pii(std::string_view type, std::string_view text);

}  // namespace residency::guard
