// Surrogates: made-up values of the same form.
#pragma once

#include <string>
#include <string_view>

#include "base/phi_class.h"
#include "deid/transform/crosswalk.h"

namespace residency::deid {

/// A made-up value for `text`, the same for one patient wherever it stands, with its case and form
/// kept; "[CLASS]" for what has no form to copy. `gender` is the patient's, "" where unknown.
std::string surrogate(PhiClass phi_class, std::string_view text, std::string_view gender,
                      PatientCode& code);

}  // namespace residency::deid
