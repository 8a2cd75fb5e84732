// Regions that are no smaller than a state, and so identify nobody.
#pragma once

#include <string_view>

namespace residency::deid {

/// A state's, a country's or a larger region's whole name in lower case: none is below a state
/// (164.514(b)(2)(i)(B)).
bool is_state_or_country(std::string_view lower);

}  // namespace residency::deid
