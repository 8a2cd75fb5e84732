// Day: a calendar day, and the many ways in which notes write one.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace residency::synth {

using Day = std::chrono::sys_days;

Day make_day(int year, unsigned month, unsigned day);
/// "2024-03-14"
std::string iso_day(Day day);
int year_of(Day day);
/// Whole years from `birth` to `on`.
int age_on(Day birth, Day on);

/// The number of styles format_day() knows; those below kDayStylesCommon are the usual ones.
inline constexpr int kDayStyles = 14;
inline constexpr int kDayStylesCommon = 6;
/// The day in one of the styles: "03/14/2024", "3/14/24", "March 14, 2024", "14-Mar-2024",
/// "2024-03-14", "03-14-24", then the awkward: "Mar. 14th, '24", "14MAR24", "20240314", ...
std::string format_day(Day day, int style);
/// "March", "July"
std::string_view month_name(Day day);
/// "the 4th of July" where the day is a holiday of fixed date, else "the 14th of March".
std::string spoken_day(Day day);

}  // namespace residency::synth
