// LoRA adapters as GGUF files, in the form that llama.cpp loads.
#pragma once

#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// Checks an adapter file against its base before llama.cpp sees either: kind, architecture, alpha,
/// and that the tensors are pairs of the base's shapes. kInvalidInput naming the file and the
/// field.
Result<void> verify_lora_gguf(const GgufFile& adapter, const GgufFile& base);

}  // namespace residency::model
