// AdamW over the adapter's values: Loshchilov and Hutter, Decoupled Weight Decay Regularization,
// ICLR 2019.
#pragma once

#include <cstdint>
#include <span>

#include "train/checkpoint.h"
#include "train/train_options.h"

namespace residency::train {

/// The root of the sum of squares, summed in double in a fixed order.
double norm_of(std::span<const float> values);

/// One update, the `step`th from 1, with the gradient times `gradient_scale`.
void adamw_update(const TrainOptions& options, std::int64_t step, double learning_rate,
                  double gradient_scale, std::span<const float> gradient, TrainState& state);

/// The learning rate of `step` (from 1) of `steps`: linear warm-up over warmup_ratio of the steps,
/// then the schedule, which ends at zero after the last step (kConstant stays).
double learning_rate_at(const TrainOptions& options, std::int64_t step, std::int64_t steps);

}  // namespace residency::train
