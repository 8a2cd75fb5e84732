// Reading labels out of what a model wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace residency::eval {

/// The ICD-10-CM codes in `text`, sorted and unique, upper-case, with a dot after the third
/// character ("e119" is "E11.9"). A code is a word of the form of the official code set: a letter,
/// a digit, a digit or letter, then up to four digits or letters, of which the dot may be left out.
/// Words with other letters around them are no codes.
std::vector<std::string> read_codes(std::string_view text);
/// The same in the order in which they stand, each once.
std::vector<std::string> read_codes_in_order(std::string_view text);

/// "E11.9" -> "E11": the three-character category.
std::string code_category(std::string_view code);

/// The label that stands first in `text` as a whole word, without regard to ASCII case; where two
/// begin at the same place, the longer. Nothing where none does.
std::optional<std::string> read_label(std::string_view text,
                                      const std::vector<std::string>& labels);

/// `text` without white space at its ends, and with each run of it inside made one space.
std::string squeeze(std::string_view text);

}  // namespace residency::eval
