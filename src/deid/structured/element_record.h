// ElementRecord: a FHIR resource under a policy's own rules by path.
#pragma once

#include <memory>

#include "base/json.h"
#include "base/result.h"
#include "deid/policy/element_rule.h"
#include "deid/structured/json_record.h"
#include "deid/transform/crosswalk.h"

namespace residency::deid {

/// Rules whose paths and cases are parsed. kInvalidArgument naming the rule.
class CompiledRules {
 public:
  static Result<CompiledRules> compile(const ElementRules& rules);
  ~CompiledRules();
  CompiledRules(CompiledRules&&) noexcept;
  CompiledRules& operator=(CompiledRules&&) noexcept;

  /// The resource with every rule applied; what no rule selects goes through clean_resource()'s own
  /// rules, or as the rules' `unmatched` says. `patient` gives the days of shifts and the noise of
  /// perturbed numbers, the same for equal values of one patient. kInvalidInput where it is no
  /// object.
  Result<Json> apply(const Json& resource, const RecordScope& scope,
                     const PatientCode& patient) const;

 private:
  struct State;
  explicit CompiledRules(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace residency::deid
