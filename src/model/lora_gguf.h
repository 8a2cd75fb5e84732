// LoRA adapters as GGUF files, in the form that llama.cpp loads.
#pragma once

#include <string>

#include "base/result.h"
#include "model/gguf.h"
#include "model/lora_adapter.h"

namespace residency::model {

/// Checks an adapter file against its base before llama.cpp sees either: kind, architecture, alpha,
/// and that the tensors are pairs of the base's shapes. kInvalidInput naming the file and the
/// field.
Result<void> verify_lora_gguf(const GgufFile& adapter, const GgufFile& base);

/// The bytes of the adapter as a GGUF LoRA, F32, as llama.cpp's convert_lora_to_gguf.py lays it
/// out. kInvalidInput where it does not fit a model of `config`. Deterministic.
Result<std::string> write_lora_gguf(const LoraAdapter& adapter, const LlamaConfig& config);

/// The adapter that a GGUF LoRA holds; it must fit `base` (verify_lora_gguf is called).
Result<LoraAdapter> read_lora_gguf(const GgufFile& adapter, const GgufFile& base);

}  // namespace residency::model
