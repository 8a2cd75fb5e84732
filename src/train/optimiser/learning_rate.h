// The learning rate over a run, and the gradient's norm that clipping goes by.
#pragma once

#include <cstdint>
#include <span>

#include "train/train_options.h"

namespace residency::train {

/// The root of the sum of squares, summed in double in a fixed order.
double norm_of(std::span<const float> values);

/// The learning rate of `step` (from 1) of `steps`: linear warm-up over warmup_ratio of the steps,
/// then the schedule. Cosine and linear end at zero after the last step, constant stays. WSD stays
/// until the last decay_ratio of the steps and falls to zero over them in a straight line (Hu et
/// al., MiniCPM, 2024).
double learning_rate_at(const TrainOptions& options, std::int64_t step, std::int64_t steps);

}  // namespace residency::train
