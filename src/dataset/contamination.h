// How much of the test set's text stands in the training set.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace residency::dataset {

/// Words in one n-gram: 13, as the GPT-3 paper (Brown et al. 2020, appendix C) took them.
inline constexpr std::size_t kGramWords = 13;

/// A 64-bit hash of each run of kGramWords words of `text`; the hash of the whole where it has
/// fewer, none where it has no word. Words are runs of letters, digits and bytes above ASCII;
/// letter case and what stands between words do not count.
std::vector<std::uint64_t> text_grams(std::string_view text);

/// Grams of one side of a split, to ask how much of a text they hold.
class GramSet {
 public:
  void add(const std::vector<std::uint64_t>& grams);
  /// Call once after the last add().
  void seal();
  /// Share of `grams` that is in the set, 0 where there are none.
  double share(const std::vector<std::uint64_t>& grams) const;

 private:
  std::vector<std::uint64_t> grams_;  // sorted and unique once sealed
};

/// Test examples by how much of them stands in the training set.
struct ContaminationReport {
  std::uint64_t test_examples = 0;
  std::uint64_t any_overlap = 0;    // at least one gram
  std::uint64_t half_overlap = 0;   // at least half of the grams
  std::uint64_t most_overlap = 0;   // at least four fifths
  double mean_overlap = 0;          // mean share
  std::uint64_t train_dropped = 0;  // training examples left out for it

  Json to_json() const;
};

}  // namespace residency::dataset
