// Organisations by form: capital words up to "Imaging Center", "Elementary School", "Diner".
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/detect/tokens.h"

namespace residency::deid {

/// Places of care (kHospital) and other organisations (kEmployer): companies, schools, churches.
std::vector<Span> find_organisations(std::string_view text, const std::vector<Token>& tokens);

}  // namespace residency::deid
