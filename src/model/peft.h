// Adapters as PEFT folders (adapter_model.safetensors and adapter_config.json), which the Hugging
// Face PEFT library and most other tools load.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"
#include "model/llama_config.h"
#include "model/lora_adapter.h"

namespace residency::model {

inline constexpr std::string_view kPeftWeightsFile = "adapter_model.safetensors";
inline constexpr std::string_view kPeftConfigFile = "adapter_config.json";

/// The bytes of the folder's two files.
struct PeftFiles {
  std::string weights;
  std::string config;
};

/// `base_model` is what the folder calls its base: a name that its users can resolve, such as
/// "HuggingFaceTB/SmolLM2-135M-Instruct". Rows of B are put from GGUF into Hugging Face order for
/// q_proj and k_proj. kInvalidInput where the adapter does not fit a model of `config`.
/// Deterministic.
Result<PeftFiles> export_peft(const LoraAdapter& adapter, const LlamaConfig& config,
                              const std::string& base_model);

/// The adapter of a folder, for a model of `config`; `name` is what errors call the folder.
/// Rank-stabilised scaling becomes an alpha of the same effect. kInvalidInput where the folder is
/// of another method (biases, saved modules, ranks by pattern) or does not fit.
Result<LoraAdapter> import_peft(const PeftFiles& files, const LlamaConfig& config,
                                const std::string& name);

Result<void> write_peft_folder(Env& env, const PeftFiles& files, const std::string& folder);
Result<PeftFiles> read_peft_folder(Env& env, const std::string& folder);

/// The row that Hugging Face's checkpoint holds at GGUF's `row` of a rotated projection: GGUF pairs
/// neighbours (2i, 2i+1) in each head, Hugging Face pairs (i, i + head_dimension / 2).
std::int64_t hf_row(std::int64_t row, std::int64_t head_dimension);

}  // namespace residency::model
