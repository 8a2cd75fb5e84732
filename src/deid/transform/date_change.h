// Dates as text: reading and moving them in the form in which they were written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace residency::deid {

/// `text` moved by `days`, written the same way ("March 4, 1924", "5/14/21", "2024-03-08T09:00",
/// "20240308093000-0500", "April"). Where the year is missing it counts as `year`; a date without a
/// day counts as the month's first, one without a month as the year's: so dates of any precision
/// keep their order. Times of day stay. Nothing where no day can be read from it.
std::optional<std::string> shift_date(std::string_view text, int days, int year);

/// The four-digit year that `text` names; two digits count up to `latest_year` as of this century.
std::optional<int> year_of(std::string_view text, int latest_year);

/// What `text` names of a date, month and day within the calendar's bounds.
struct DateParts {
  std::optional<int> year, month, day;
};
DateParts date_parts(std::string_view text, int latest_year);

/// "March" for 3; `month` is 1 to 12.
std::string month_title(int month);

}  // namespace residency::deid
