// FieldRule: what becomes of a column of a table or a path in JSON rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/json.h"
#include "base/phi_class.h"

namespace residency::deid {

enum class FieldMethod : std::uint8_t {
  kClass,  // one value of the class, replaced as the policy says
  kText,   // through the detector
  kKeep,   // as it is: holds nobody's identifier
  kDrop,   // left out
};

struct FieldRule {
  std::vector<std::string> path;  // names from the top; "*" is any one, "**" any number of them
  FieldMethod method = FieldMethod::kText;
  PhiClass phi_class = PhiClass::kOtherId;  // of kClass

  std::string text() const;  // "visit.note"
};

/// The rules of a policy, in order; the first whose path matches decides.
struct FieldRules {
  std::vector<FieldRule> rules;
  FieldMethod unmatched = FieldMethod::kText;  // or kDrop

  bool empty() const { return rules.empty() && unmatched == FieldMethod::kText; }
  /// Null where no rule matches. Items of a list have the list's own path. Case counts for nothing.
  const FieldRule* find(const std::vector<std::string>& path) const;
  bool keeps_any() const;

  /// {PATH: CLASS, text, keep or drop}, and `unmatched`: text or drop; problems go to `reader`.
  static FieldRules read(ConfigReader& reader);
  Json to_json() const;
};

}  // namespace residency::deid
