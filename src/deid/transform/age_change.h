// Ages: pooled at 90 and over (45 CFR 164.514(b)(2)(i)(C)), or to bands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace residency::deid {

inline constexpr int kAgeMax = 89;

/// Whole years in an age's text: "94", "94-year-old", "3 1/2 years", "ninety-four", "18 months"
/// (1), "in her nineties" (90), "centenarian" (100). Nothing where none can be read.
std::optional<int> years_of(std::string_view text);

/// The text as it is up to 89 years; "90+" from 90 on. Where no age can be read, "90+" too if it
/// holds a number over 89.
std::string pooled_age(std::string_view text);

/// "45-49" for a band of 5 years, "40-49" for one of 10; "90+" at the end. Nothing where no age can
/// be read.
std::optional<std::string> age_band(std::string_view text, int years);

}  // namespace residency::deid
