// What a run will take on this machine, said before it starts.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "train/train.h"

namespace residency::train {

struct RunPlan {
  TrainEstimate estimate;
  std::int64_t tokens = 0;             // of the whole run
  std::uint64_t memory_available = 0;  // bytes; 0: the machine does not tell
  double gigaflops = 0;                // what the machine is expected to reach
  double seconds = 0;

  /// "needs 3.1 GB of 7.4 GB, about 14 minutes"
  std::string text() const;
};

/// Bytes that a process may still take: MemAvailable, or less where a control group (v1 or v2)
/// allows less. 0 where neither is told.
std::uint64_t available_memory_bytes();

/// Measures the machine's products for a moment, and plans. kResourceExhausted where the run does
/// not fit, with what to change.
Result<RunPlan> plan_run(const TrainOptions& options, const model::LlamaConfig& config,
                         std::int64_t tokens, std::uint64_t memory_available);

/// Tokens that a run over `sequences` will see.
std::int64_t count_tokens(const TrainOptions& options, const dataset::SequenceSet& sequences);

}  // namespace residency::train
