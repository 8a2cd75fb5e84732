// The reference engine: the same model as plain tensor operations, differentiated by autograd. It
// is what the fast engine is held against, and what runs models that the fast one cannot.
#pragma once

#include <memory>

#include "train/engine.h"

namespace residency::train {

enum class ReferenceType : std::uint8_t { kFloat32, kFloat64, kBfloat16 };

/// `base` is not kept. Sequences have at most `tokens_max` tokens.
Result<std::unique_ptr<Engine>> make_reference_engine(ReferenceType type,
                                                      const model::GgufFile& base,
                                                      const model::LlamaConfig& config,
                                                      const AdapterLayout& layout,
                                                      std::int64_t tokens_max);

}  // namespace residency::train
