// Spelled: letters and digits that a text spells out ("two one nine", "S M I T H", "Sierra Mike").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::guard {

/// A run of three or more spelled characters, as they read together.
struct SpelledRun {
  std::string text;  // "219-09-9999", "smith"
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<SpelledRun> spelled_runs(std::string_view text);

/// A text without everything but letters and digits, lower case; number words as digits. `begin`
/// and `end` give each character's place in the text, `first` and `last` whether a word begins or
/// ends with it.
struct SqueezedText {
  std::string text;
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> end;
  std::vector<bool> first;
  std::vector<bool> last;
};

SqueezedText squeeze(std::string_view text);

}  // namespace residency::guard
