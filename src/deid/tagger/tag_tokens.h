// TagTokens: a text as the tagger reads it, every word, number and mark with what is known of it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "deid/detect/word_table.h"

namespace residency::deid {

struct TagToken {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint64_t word = 0;  // hash of the lower-case word, of a short number, of a number's length
  std::uint32_t prefix2 = 0, prefix3 = 0, suffix2 = 0, suffix3 = 0, suffix4 = 0;
  std::uint32_t flags = 0;
  std::uint32_t header = 0;  // hash of the words before the line's colon, 0 where there is none
  std::uint8_t shape = 0;    // see tag_tokens.cc
  std::uint8_t gap = 0;  // before it: 0 nothing, 1 a space, 2 more, 3 a line end, 4 a blank line
  std::uint8_t line_case = 0;    // 0 mixed, 1 all capitals, 2 no capital, 3 a capital on every word
  std::uint8_t place = 0;        // in the line: 0 to 3, 4 further on
  std::uint8_t number_kind = 0;  // of a number: see tag_tokens.cc; at most 30
  bool lower_elsewhere = false;  // the text also writes the word in lower case
};

/// Shapes of words; a number's shape is 8 + its digits (at most 9), a mark's 128 + the byte.
inline constexpr std::uint8_t kShapeLower = 1, kShapeInitial = 2, kShapeCapital = 3,
                              kShapeShortUpper = 4, kShapeUpper = 5, kShapeMixed = 6;

std::vector<TagToken> tag_tokens(std::string_view text);

}  // namespace residency::deid
