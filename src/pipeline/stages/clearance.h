// Clearance: what a data set must have before a model may be trained on it.
#pragma once

#include <cstdint>

#include "pipeline/stage.h"

namespace residency::pipeline {

/// The data set must stand on clean corpora whose certificates have not expired, or on a named
/// person's waiver; else kFailedPrecondition. Asked anew whenever a job goes on.
Result<void> check_clearance(store::Workspace& workspace, const store::Manifest& dataset,
                             std::int64_t now_unix_ms);

}  // namespace residency::pipeline
