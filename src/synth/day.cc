#include "synth/day.h"

#include <fmt/format.h>

namespace residency::synth {
namespace {

using std::chrono::year_month_day;

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kMonthsUpper[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                             "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

std::string_view ordinal(unsigned day) {
  if (day % 10 == 1 && day != 11) return "st";
  if (day % 10 == 2 && day != 12) return "nd";
  if (day % 10 == 3 && day != 13) return "rd";
  return "th";
}

}  // namespace

Day make_day(int year, unsigned month, unsigned day) {
  return Day(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day));
}

int year_of(Day day) { return static_cast<int>(year_month_day(day).year()); }

std::string iso_day(Day day) { return format_day(day, 4); }

int age_on(Day birth, Day on) {
  const year_month_day from(birth);
  const year_month_day to(on);
  const int years = static_cast<int>(to.year()) - static_cast<int>(from.year());
  const bool before = std::pair(to.month(), to.day()) < std::pair(from.month(), from.day());
  return before ? years - 1 : years;
}

std::string_view month_name(Day day) {
  return kMonths[static_cast<unsigned>(year_month_day(day).month()) - 1];
}

std::string format_day(Day day, int style) {
  const year_month_day parts(day);
  const int y = static_cast<int>(parts.year());
  const auto m = static_cast<unsigned>(parts.month());
  const auto d = static_cast<unsigned>(parts.day());
  const std::string_view name = kMonths[m - 1];
  const std::string_view brief = name.substr(0, 3);
  switch (style) {
    case 0:
      return fmt::format("{:02}/{:02}/{}", m, d, y);
    case 1:
      return fmt::format("{}/{}/{:02}", m, d, y % 100);
    case 2:
      return fmt::format("{} {}, {}", name, d, y);
    case 3:
      return fmt::format("{:02}-{}-{}", d, brief, y);
    case 4:
      return fmt::format("{}-{:02}-{:02}", y, m, d);
    case 5:
      return fmt::format("{:02}-{:02}-{:02}", m, d, y % 100);
    case 6:
      return fmt::format("{}. {}{}, '{:02}", brief, d, ordinal(d), y % 100);
    case 7:
      return fmt::format("{:02}{}{:02}", d, kMonthsUpper[m - 1], y % 100);
    case 8:
      return fmt::format("{}{:02}{:02}", y, m, d);
    case 9:
      return fmt::format("{} {} {}", d, name, y);
    case 10:
      return fmt::format("{}.{}.{:02}", m, d, y % 100);
    case 11:
      return fmt::format("{} {}{}", name, d, ordinal(d));
    case 12:
      return fmt::format("{:02} / {:02} / {}", m, d, y);
    default:
      return fmt::format("{}/{}", m, d);
  }
}

std::string spoken_day(Day day) {
  const year_month_day parts(day);
  const auto m = static_cast<unsigned>(parts.month());
  const auto d = static_cast<unsigned>(parts.day());
  if (m == 12 && d == 25) return "Christmas Day";
  if (m == 12 && d == 24) return "Christmas Eve";
  if (m == 1 && d == 1) return "New Year's Day";
  if (m == 10 && d == 31) return "Halloween";
  if (m == 2 && d == 14) return "Valentine's Day";
  return fmt::format("the {}{} of {}", d, ordinal(d), kMonths[m - 1]);
}

}  // namespace residency::synth
