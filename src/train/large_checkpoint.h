// LargeCheckpoint: a checkpoint of a whole model, whose values are too many to be copied into one
// piece of bytes.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "train/checkpoint.h"
#include "train/optimiser/optimiser.h"

namespace residency::train {

/// Writes values and optimiser as pieces of their own into the slot that the last checkpoint does
/// not use, then the state that names the slot: a run that is killed in between goes on from the
/// last one.
class LargeCheckpoint {
 public:
  explicit LargeCheckpoint(CheckpointStore& store) : store_(store) {}

  /// Takes `state` without its optimiser; values are written from where they stand.
  Result<void> save(TrainState& state, const Optimiser& optimiser, std::string_view key);
  /// Nothing where there is none. kCorrupt where a piece is missing or damaged.
  Result<std::optional<TrainState>> load(Optimiser& optimiser, std::string_view key,
                                         std::int64_t values);

 private:
  CheckpointStore& store_;
  int slot_ = 0;  // of the last checkpoint
};

}  // namespace residency::train
