// A guardrail policy (docs/guard.md) as what questions and answers pass.
#pragma once

#include <memory>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "guard/policy/guard_policy.h"
#include "serve/guardrail.h"

namespace residency::serve {

/// Found under the policy's name. Opens the policy's detectors once.
Result<std::shared_ptr<const Guardrail>> policy_guardrail(guard::GuardPolicy policy);

/// What `others` has, behind `first`: it stands, and is found by its id.
std::shared_ptr<const Guardrails> with_guardrail(std::shared_ptr<const Guardrail> first,
                                                 std::shared_ptr<const Guardrails> others);

/// A policy as it goes to an endpoint's process, so that one that starts again has the same:
/// {"preset"} or {"file", "text"}. Checks the policy, and the signature beside its file where there
/// is one.
Result<Json> read_policy_source(Env& env, const std::string& preset_or_path);
/// The policy of what read_policy_source() gives.
Result<guard::GuardPolicy> policy_of_source(const Json& source);

}  // namespace residency::serve
