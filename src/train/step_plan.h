// StepPlan: which sequences each optimiser step takes, by seed alone.
#pragma once

#include <cstdint>
#include <vector>

#include "dataset/sequence_set.h"
#include "train/train_options.h"

namespace residency::train {

/// One optimiser step: sequences by index.
struct PlannedStep {
  std::int64_t epoch = 0;
  std::vector<std::size_t> sequences;
  std::int64_t tokens = 0;
  std::int64_t supervised_tokens = 0;
  bool ends_epoch = false;
};

/// The steps of one epoch: sequences in an order drawn from seed and epoch, grouped until
/// batch_tokens are reached. Sequences without a supervised token are left out.
std::vector<PlannedStep> plan_epoch(const TrainOptions& options,
                                    const dataset::SequenceSet& sequences, std::int64_t epoch);

/// How many steps the run takes: the epochs' together, at most steps_max where that is set.
std::int64_t count_steps(const TrainOptions& options, const dataset::SequenceSet& sequences);

}  // namespace residency::train
