// compare(): a model against another one on the same items: tuned against base, or any two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "eval/model_scores.h"

namespace residency::eval {

struct MetricChange {
  Metric base;
  Metric tuned;
  Metric difference;               // tuned minus base, paired bootstrap over the items
  std::optional<double> relative;  // difference over base; none where base is 0
};

struct Comparison {
  std::uint64_t items = 0;
  std::string headline;
  std::map<std::string, MetricChange> metrics;
  std::uint64_t base_only_correct = 0;
  std::uint64_t tuned_only_correct = 0;
  double mcnemar_p = 1;      // exact, two-sided, on wholly correct items
  std::uint64_t better = 0;  // items by their own score
  std::uint64_t worse = 0;
  std::vector<std::string> worse_ids;  // the first kWorseShownMax
  bool prompts_differ = false;         // the same items, put through different chat templates

  static constexpr std::size_t kWorseShownMax = 1000;

  Json to_json() const;
};

/// Both must hold predictions for the same items in the same order, for the same task and choices;
/// else kInvalidInput, saying what differs. Where `same_prompts`, the prompts must be the same too;
/// where not, as between models with chat templates of their own, the items' texts must be.
Result<Comparison> compare(const ModelScores& base, const ModelScores& tuned, std::uint64_t seed,
                           std::size_t resamples, bool same_prompts = true);

}  // namespace residency::eval
