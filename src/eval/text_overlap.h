// How much of a reference text a written text has: ROUGE-L and chrF.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::eval {

/// F-measure of ROUGE-L (Lin 2004): the longest common subsequence of words, as the package
/// rouge-score counts it without a stemmer: lower case, words are runs of a-z and 0-9.
double rouge_l(std::string_view reference, std::string_view written);

/// Character n-grams of one pair of texts, to be summed over a test set before chrF is taken.
struct CharacterGrams {
  static constexpr std::size_t kOrders = 6;
  struct Count {
    std::uint64_t written = 0, reference = 0, both = 0;
  };
  std::array<Count, kOrders> orders;
};

/// Of both texts without their white space.
CharacterGrams character_grams(std::string_view reference, std::string_view written);

/// chrF2 (Popovic 2015) of summed counts as sacrebleu gives it by default (six orders, beta 2, no
/// word n-grams), from 0 to 1.
double chrf(const CharacterGrams& sums);

}  // namespace residency::eval
