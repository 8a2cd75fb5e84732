// Dates as notes write them: shifted with their form kept, or reduced to the year.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace residency::deid {

/// `text` moved by `days`, written the same way ("March 4, 1924", "5/14/21", "2024-03-08T09:00",
/// "April"). Where the year is missing it counts as `year`; where the day is, as the 15th.
/// Nothing where no day can be read from it.
std::optional<std::string> shift_date(std::string_view text, int days, int year);

/// The four-digit year that `text` names; two digits count up to `latest_year` as of this century.
std::optional<int> year_of(std::string_view text, int latest_year);

}  // namespace residency::deid
