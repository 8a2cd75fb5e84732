#include "deid/transform/zip3.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>

#include "base/embedded_data.h"
#include "deid/detect/validators.h"

RESIDENCY_EMBEDDED(deid_zip3_population);

namespace residency::deid {
namespace {

constexpr int kPeopleMin = 20'000;  // more than that must live there
constexpr std::array<std::string_view, 17> kSmall2000{"036", "059", "063", "102", "203", "556",
                                                      "692", "790", "821", "823", "830", "831",
                                                      "878", "879", "884", "890", "893"};

using Areas = std::bitset<1000>;

int number_of(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// Areas in which more than 20,000 people lived in 2010.
const Areas& large_2010() {
  static const Areas kAreas = [] {
    Areas areas;
    std::string_view rest = embedded_deid_zip3_population();
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.size() < 5 || line[0] == '#') continue;
      if (number_of(line.substr(4)) > kPeopleMin)
        areas.set(static_cast<std::size_t>(number_of(line.substr(0, 3))));
    }
    return areas;
  }();
  return kAreas;
}

}  // namespace

std::string zip3(std::string_view text, ZipCensus census) {
  const std::string digits = digits_of(text).substr(0, 3);
  if (digits.size() < 3) return "000";
  const bool small =
      census == ZipCensus::k2000
          ? std::find(kSmall2000.begin(), kSmall2000.end(), digits) != kSmall2000.end()
          : !large_2010().test(static_cast<std::size_t>(number_of(digits)));
  return small ? "000" : digits;
}

}  // namespace residency::deid
