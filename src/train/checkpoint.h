// Checkpoint: everything a run needs to go on as if it had never stopped.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::train {

/// Where checkpoints are kept. put() replaces whole or not at all.
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  virtual Result<void> put(const std::string& name, std::string_view bytes) = 0;
  virtual Result<std::optional<std::string>> get(const std::string& name) = 0;
  virtual Result<void> remove(const std::string& name) = 0;
};

/// Why a step moved nothing.
enum class SkipReason : std::uint8_t { kNone, kNotFinite, kSpike };

/// A point of the loss curves; validation is NaN where none was taken.
struct LossPoint {
  std::int64_t step = 0;  // from 1
  double loss = 0;
  double validation_loss = std::numeric_limits<double>::quiet_NaN();
  std::int64_t epoch = 0;  // from 0
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  std::int64_t tokens = 0;   // of the step
  SkipReason skipped = SkipReason::kNone;
  std::uint8_t unused[7] = {};  // the points go into checkpoints as they stand
};

struct TrainState {
  std::int64_t step = 0;  // done
  std::int64_t tokens = 0;
  std::vector<float> values;       // of the adapter
  std::string optimiser;           // its state, filled in for a checkpoint only
  std::vector<float> best_values;  // empty until validation improved once
  double best_validation_loss = std::numeric_limits<double>::infinity();
  std::int64_t evaluations_without_gain = 0;
  bool stopped_early = false;
  std::vector<LossPoint> history;
};

/// The state as bytes with a digest; `key` names the options and inputs it belongs to. All
/// randomness of a run follows from its seed and step, so no generator's state is kept.
std::string encode_checkpoint(const TrainState& state, std::string_view key);

/// kCorrupt where the bytes are damaged; kFailedPrecondition where they belong to another key or
/// to an adapter of another size than `values`.
Result<TrainState> decode_checkpoint(std::string_view bytes, std::string_view key,
                                     std::int64_t values);

}  // namespace residency::train
