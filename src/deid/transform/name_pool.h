// NamePool: made-up names by culture and gender.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::deid {

/// Numbers from a patient's stream, one after the other; it starts again after its 32 bytes.
class Draw {
 public:
  explicit Draw(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t below(std::size_t bound);

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// One culture's names, lower case without accents. The tables are data/names/cultures.txt; the
/// census's lists of src/deid/detect/dictionary.h stand for everybody else.
struct NameCulture {
  std::string_view name;
  std::vector<std::string_view> endings;  // of family names, longest first
  std::vector<std::string_view> female, male, family;
};

/// The culture whose names or endings `part` (folded) fits; null where none or the census's lists
/// know it as a common name.
const NameCulture* culture_of(std::string_view part);

/// A name that is in no list: syllables, as long as `like`, which `draw` chooses.
std::string invented_name(std::string_view like, Draw& draw);

}  // namespace residency::deid
