// PairObjective: a preference objective over sequences of two segments each: the chosen answer and
// the rejected one, or (KTO) a judged answer and another example's answer to the same prompt.
#pragma once

#include <span>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "dataset/sequence_set.h"
#include "train/engine.h"
#include "train/preference.h"

namespace residency::train {

class PairObjective {
 public:
  explicit PairObjective(const TrainOptions& options) : options_(options) {}

  /// DPO and KTO: the reference's losses of every sequence, by the values it has. The engine is
  /// left with them. kInvalidInput where a sequence is no pair.
  Result<void> take_reference(Engine& engine, std::span<const float> values,
                              const dataset::SequenceSet& train,
                              const dataset::SequenceSet& validation, Progress& progress);

  /// Before the sequences of a step, or all of the validation set: KTO's estimate of how far the
  /// policy has moved, from its answers to prompts that are not theirs.
  Result<void> look_ahead(Engine& engine, const dataset::SequenceSet& sequences,
                          const std::vector<std::size_t>& numbers, bool validation);

  /// Adds weight times the objective's gradient, and returns the objective.
  Result<double> accumulate_gradient(Engine& engine, const dataset::PackedSequence& sequence,
                                     std::size_t number, double weight,
                                     std::span<float> gradient) const;
  /// The objective of a sequence of the validation set.
  Result<double> loss(Engine& engine, const dataset::PackedSequence& sequence,
                      std::size_t number) const;

 private:
  Result<PairGradient> judge(Engine& engine, const dataset::PackedSequence& sequence,
                             const std::vector<PairLosses>& reference, std::size_t number) const;

  const TrainOptions& options_;
  std::vector<PairLosses> train_, validation_;  // of the reference
  double moved_ = 0;
};

}  // namespace residency::train
