// The guard's PHI filter as a guardrail of its own.
#pragma once

#include <memory>

#include "base/result.h"
#include "guard/guard_options.h"
#include "serve/guardrail.h"

namespace residency::serve {

/// The standing guardrail of all answers. Under the id "phi" it looks at questions too. Opens the
/// detector once.
Result<std::shared_ptr<const Guardrails>> phi_guardrails(const guard::GuardOptions& options);

}  // namespace residency::serve
