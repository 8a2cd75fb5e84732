// Survey: a first look over a corpus, so that nothing that is made up for it is equal to a value
// that stands in it.
#pragma once

#include <memory>

#include "base/progress.h"
#include "base/result.h"
#include "deid/deid.h"
#include "deid/transform/real_values.h"

namespace residency::deid {

/// Reads `in` to its end. Give the outcome to Crosswalk::avoid(), then run over the same records.
/// Memory does not grow with the corpus. Errors: of the source, and kCancelled.
Result<std::shared_ptr<const RealValues>> survey(RawSource& in, Progress& progress);

}  // namespace residency::deid
