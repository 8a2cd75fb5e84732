// A guardrail policy as serve's output filter.
#pragma once

#include <memory>

#include "guard/guardrail.h"
#include "serve/output_filter.h"

namespace residency::serve {

/// A filter for the answer to `conversation`. The message of a block is part of what it returns.
std::unique_ptr<OutputFilter> policy_output_filter(
    std::shared_ptr<const guard::Guardrail> guardrail, guard::Conversation conversation);

/// Filters that know nothing of the conversation.
OutputFilterFactory policy_output_filter_factory(std::shared_ptr<const guard::Guardrail> guardrail);

}  // namespace residency::serve
