// Bad steps: a loss or gradient that is not finite, or a loss that jumps. Such a step moves
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "train/checkpoint.h"
#include "train/train_options.h"

namespace residency::train {

/// Why a step is skipped, by the steps before it; kNone where it counts. A spike is a loss over the
/// mean of the last 50 steps that counted by more than options.spike_sigma of their standard
/// deviations, from the 20th such step on. It depends on nothing but the history, so that a run
/// that is resumed judges alike.
SkipReason judge_step(const TrainOptions& options, const std::vector<LossPoint>& history,
                      double loss, double gradient_norm);

/// kInvalidInput naming the first of them where the last options.bad_steps_max steps were all
/// skipped: the run has diverged.
Result<void> check_bad_steps(const TrainOptions& options, const std::vector<LossPoint>& history);

}  // namespace residency::train
