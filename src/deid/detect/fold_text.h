// FoldedText: a text as the patterns should read it, with the place of every byte in the original.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace residency::deid {

struct FoldedText {
  std::string text;
  std::vector<std::uint32_t> at;  // of each byte, in the original; one more for the end
};

/// Full-width letters and digits, digits of other scripts, look-alike letters of Greek and Cyrillic
/// within words that hold Latin letters or digits, unusual spaces and dashes become ASCII;
/// zero-width characters and soft hyphens go; the letters O, l and I within a number become 0 and 1
/// ("O3/O7/2O11", "l5O mg"). Nothing where the text holds none of these.
std::optional<FoldedText> fold_look_alikes(std::string_view text);

}  // namespace residency::deid
