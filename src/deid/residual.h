// The last look: what is known to identify a record's patient must not stand in its output.
#pragma once

#include <optional>
#include <string_view>

#include "deid/detect/span.h"
#include "deid/policy/policy.h"

namespace residency::deid {

/// The class of a known value that is still in `output`, in any case and however its characters are
/// parted; nothing where none is. Values of classes that the policy keeps don't count, nor do those
/// under 4 characters and plain words.
std::optional<PhiClass> residual_identifier(std::string_view output, const KnownPhi& known,
                                            const Policy& policy);

}  // namespace residency::deid
