// The fast engine: oneDNN products and own kernels on the CPU.
#pragma once

#include <memory>
#include <string>

#include "train/engine.h"
#include "train/frozen_weights.h"
#include "train/kernels/kernel_table.h"

namespace residency::train {

/// Why the fast engine cannot run such a model; empty where it can.
std::string fast_engine_refusal(const model::LlamaConfig& config);

struct FastEngineOptions {
  WeightForm form = WeightForm::kPacked;
  Recompute recompute = Recompute::kNone;
};

/// `base` is not kept. Sequences have at most `tokens_max` tokens.
Result<std::unique_ptr<Engine>> make_fast_engine(Precision precision, const model::GgufFile& base,
                                                 const model::LlamaConfig& config,
                                                 const AdapterLayout& layout,
                                                 std::int64_t tokens_max, InstructionSet set,
                                                 FastEngineOptions options = {});

}  // namespace residency::train
