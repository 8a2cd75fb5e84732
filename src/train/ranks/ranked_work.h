// RankedWork: items of a step divided over ranks, with a result that does not depend on how many.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "train/ranks/rank_group.h"

namespace residency::train {

class RankedWork {
 public:
  /// `group` may be null: one rank alone.
  explicit RankedWork(RankGroup* group) : group_(group) {}

  bool alone() const { return group_ == nullptr || group_->size() == 1; }
  /// True on the rank that writes checkpoints, metrics and artifacts.
  bool leads() const { return group_ == nullptr || group_->rank() == 0; }
  RankGroup* group() const { return group_; }

  /// Adds the gradients of items 0 to count - 1 to `gradient`, item after item whatever rank
  /// computed it, so that the sum is the same bit for bit with any number of ranks. `compute` adds
  /// item i's to a vector and gives its loss. The losses come back on every rank. `stop`, true on
  /// any rank, becomes so on all.
  Result<std::vector<double>> gradients(
      std::size_t count,
      const std::function<Result<double>(std::size_t, std::span<float>)>& compute,
      std::span<float> gradient, bool& stop);

  /// compute(i) of items 0 to count - 1, on every rank.
  Result<std::vector<double>> values(std::size_t count,
                                     const std::function<Result<double>(std::size_t)>& compute);

 private:
  /// Every rank's value after a round; an error of one ends all.
  Result<std::vector<double>> end_round(const Result<double>& mine, bool& stop);

  RankGroup* group_;
  std::vector<float> own_;  // gradient of this rank's item
};

}  // namespace residency::train
