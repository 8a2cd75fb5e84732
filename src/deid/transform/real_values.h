// RealValues: what stands in a corpus, so that no surrogate is equal to any of it. A Bloom filter
// (B. Bloom, 1970) of fixed size: a value that is in the corpus is always told to be; one that is
// not may be too, which costs another draw. It holds no text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace residency::deid {

class RealValues {
 public:
  /// 2^`bits_log2` bits: 16 MiB hold 10 million values with one false positive in 200.
  explicit RealValues(unsigned bits_log2 = 27);

  /// Every word, every run that holds a digit, and the years of its full dates.
  void add_text(std::string_view text);
  /// The texts within, to any depth.
  void add_json(const Json& value);

  /// True where a word stood in the corpus, in any case, accents or not.
  bool has_word(std::string_view folded) const { return holds(folded); }
  /// True where every word of `text` stood in the corpus: then the text itself may have.
  bool has_all_words(std::string_view text) const;
  /// True where the letters and digits of `text`, whatever parts them, stood in the corpus.
  bool has_value(std::string_view text) const;

  /// The newest year that one date in a thousand or more names; 0 where there is no date.
  int latest_year() const;

 private:
  void put(std::string_view value);
  bool holds(std::string_view value) const;
  void add_runs(std::string_view text);
  void count_years(std::string_view text);

  std::vector<std::uint64_t> bits_;
  std::uint64_t mask_;
  std::array<std::uint64_t, 200> years_{};  // from 1900
};

/// Lower-case letters, digits and bytes beyond ASCII of `text`: by what a value is known again
/// whatever parts its characters.
std::string letters_and_digits(std::string_view text);

}  // namespace residency::deid
