// Which method of 45 CFR 164.514 a policy allows to claim, and why not a stronger one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deid/policy/policy.h"

namespace residency::deid {

/// Why a class's action, or the rules for elements, keep safe harbor from being claimed.
struct MethodObstacle {
  std::string subject;  // "DATE", "element rules"
  std::string action;   // "date_shift"
  std::string why;      // fixed text, with the paragraph of the rule
};

/// Empty exactly where method() is "safe_harbor".
std::vector<MethodObstacle> safe_harbor_obstacles(const Policy& policy);

/// One of the 18 identifiers of 164.514(b)(2)(i), and the classes that are counted under it.
struct SafeHarborIdentifier {
  char letter;  // 'A' to 'R'
  std::string_view title;
  std::vector<PhiClass> classes;
};

const std::vector<SafeHarborIdentifier>& safe_harbor_identifiers();

}  // namespace residency::deid
