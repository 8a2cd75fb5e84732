// Words of a text, with their case: what the finders of names and places walk over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::deid {

/// A run of letters; hyphens and apostrophes inside belong to it, a closing 's does not.
struct Token {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string lower;          // accents kept
  bool capital = false;       // the first letter is a capital
  bool all_capitals = false;  // two letters or more, none small
  std::size_t letters = 0;
  std::uint32_t flags = 0;  // of its lower case (detect/word_table.h)

  bool is(std::uint32_t flag) const { return (flags & flag) != 0; }
};

std::vector<Token> tokens_of(std::string_view text);

/// Lower case, for ASCII and the Latin letters of U+00C0 to U+017F.
std::string to_lower(std::string_view text);
/// Lower case without the accents of U+00C0 to U+017F.
std::string fold(std::string_view text);

bool is_space(char c);
bool is_ascii_digit(char c);

}  // namespace residency::deid
