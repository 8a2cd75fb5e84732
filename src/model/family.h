// The families of models: what each architecture of GGUF means for the computation.
#pragma once

#include <string>
#include <string_view>

#include "model/llama_config.h"

namespace residency::model {

/// True for an architecture that the trainer knows.
bool is_known_family(std::string_view architecture);

/// "llama, qwen2, ...".
std::string known_families();

/// Fills in what follows from config.architecture and the widths; as llama.cpp has it.
void set_family(LlamaConfig& config);

}  // namespace residency::model
