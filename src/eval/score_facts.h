// What a score must say of itself beside its figures: whether it may be called official, whether a
// second run gave the same, what was in the training data, what the model still knows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "eval/statistics.h"

namespace residency::eval {

/// Whether the test set is a benchmark's published split, whole.
struct OfficialSplit {
  std::string benchmark;             // "" where none was named
  std::vector<std::string> why_not;  // empty: official
  bool official() const { return !benchmark.empty() && why_not.empty(); }

  Json to_json() const;
  static Result<OfficialSplit> from_json(const Json& json);
};

/// Items that were asked again after the others.
struct RepeatedItems {
  std::uint64_t items = 0;
  std::uint64_t differing = 0;  // whose answer was another one
  double largest = 0;           // difference of a log-probability between the two

  Json to_json() const;
  static Result<RepeatedItems> from_json(const Json& json);
};

/// How much of the test set stands in what the model was tuned on.
struct TrainingOverlap {
  bool known = false;  // false: a base model, of whose training data nothing is known here
  std::uint64_t train_examples = 0;
  std::uint64_t test_items = 0;
  std::uint64_t any_gram = 0;    // items that share a 13-gram with the training data
  std::uint64_t most_grams = 0;  // of whose 13-grams at least four fifths do
  std::uint64_t near_duplicates = 0;
  std::vector<std::string> ids;  // of items of the last two kinds, the first kIdsMax
  double clean_value = 0;        // the headline metric over the items of neither kind
  std::uint64_t clean_items = 0;

  static constexpr std::size_t kIdsMax = 1000;

  Json to_json() const;
  static Result<TrainingOverlap> from_json(const Json& json);
};

/// How well the model foretells general text, which shows what tuning made it forget.
struct GeneralText {
  std::string sha256;                 // of the text; "" where it was not asked
  std::vector<double> window_losses;  // summed negative log-likelihoods, natural
  std::vector<std::uint64_t> window_tokens;

  std::uint64_t tokens() const;
  /// Perplexity where window i counts weights[i] times.
  double perplexity(const std::vector<std::uint32_t>& weights) const;

  Json to_json() const;
  static Result<GeneralText> from_json(const Json& json);
};

/// Scores of the items of one subgroup.
struct SubgroupScore {
  std::uint64_t items = 0;
  Metric value;  // the headline metric
};
/// By attribute ("sex"), then value ("female").
using Subgroups = std::map<std::string, std::map<std::string, SubgroupScore>>;

Json subgroups_to_json(const Subgroups& subgroups);
Result<Subgroups> subgroups_from_json(const Json& json);

}  // namespace residency::eval
