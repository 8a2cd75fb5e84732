// A guardrail policy as serve's output filter.
#pragma once

#include <memory>
#include <vector>

#include "base/json.h"
#include "guard/guardrail.h"
#include "serve/output_filter.h"

namespace residency::serve {

/// In the shape of Bedrock's GuardrailAssessment. A match is left out: it may be what must not
/// leave. Rails that Bedrock does not have stand under "residency".
Json policy_assessment(const std::vector<guard::Finding>& findings);

/// A filter for the answer to `conversation`. The message of a block is part of what it returns.
std::unique_ptr<OutputFilter> policy_output_filter(
    std::shared_ptr<const guard::Guardrail> guardrail, guard::Conversation conversation);

/// Filters that know nothing of the conversation.
OutputFilterFactory policy_output_filter_factory(std::shared_ptr<const guard::Guardrail> guardrail);

}  // namespace residency::serve
