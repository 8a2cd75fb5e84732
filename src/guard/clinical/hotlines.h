// Fixed texts for emergencies and crises, with the country's numbers (data/guard/hotlines.txt).
#pragma once

#include <string>
#include <string_view>

namespace residency::guard {

std::string emergency_text(std::string_view country);
std::string crisis_text(std::string_view country);
/// True where the table has the country.
bool has_hotline(std::string_view country);

}  // namespace residency::guard
