// The key that binds a checkpoint to what it was made from.
#pragma once

#include <string>

#include "train/train.h"

namespace residency::train {

/// Options, the base model's digest and a digest of every sequence, as text.
std::string run_key(const TrainOptions& options, const std::string& base_sha256,
                    const TrainInputs& inputs);

}  // namespace residency::train
