// Coarser values: dates to their month or quarter, cities to their state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace residency::deid {

/// "2019-03" where `text` begins with a year, as in records; else "March 2019". Nothing where no
/// month can be read. `year` counts where the text names none.
std::optional<std::string> month_of_date(std::string_view text, int year);

/// "2019-01" (the quarter's first month) where `text` begins with a year; else "Q1 2019".
std::optional<std::string> quarter_of_date(std::string_view text, int year);

/// Two letters, where only one state has a city of that name.
std::optional<std::string> state_of_city(std::string_view city);

}  // namespace residency::deid
