// Three digits of a ZIP code, by a table of population: 45 CFR 164.514(b)(2)(i)(B).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace residency::deid {

/// Whose counts decide.
enum class ZipCensus : std::uint8_t {
  k2000,  // the 17 areas of 20,000 people or fewer that the HHS guidance of 26 Nov 2012 lists
  k2010,  // data/places/zip3_population_2010.tsv; areas that the census does not have are small
};

constexpr std::string_view zip_census_name(ZipCensus census) {
  return census == ZipCensus::k2000 ? "2000" : "2010";
}

/// The first three digits of `text`; "000" where 20,000 people or fewer live in that area, or the
/// text has fewer than three digits.
std::string zip3(std::string_view text, ZipCensus census);

}  // namespace residency::deid
