// The guard's PHI filter as serve's output filter.
#pragma once

#include <string_view>

#include "base/result.h"
#include "guard/guard_options.h"
#include "serve/output_filter.h"

namespace residency::serve {

/// Opens the detector once; the factory makes a filter for each answer.
Result<OutputFilterFactory> phi_output_filter_factory(const guard::GuardOptions& options);

}  // namespace residency::serve
