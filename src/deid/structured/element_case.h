// ElementCase: the conditions and values of rules that generalise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::deid {

/// "$this >= 20 and $this < 40", "$this = 'B'", "$this > @1980-01-01": comparisons of the value
/// with a number, a text or a date, joined by "and".
class ElementCondition {
 public:
  static Result<ElementCondition> parse(std::string_view text);
  bool holds(const Json& value) const;

 private:
  struct Comparison {
    std::string op;
    Json with;  // a number or a text; a date is its text
  };
  std::vector<Comparison> all_;
};

/// "20", "'B'", "@1980", "$this": what the value becomes.
Result<std::optional<Json>> parse_case_value(std::string_view text);  // nothing: the value itself

}  // namespace residency::deid
