// HfConfig: a Hugging Face config.json as the model it describes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/gguf.h"
#include "model/llama_config.h"

namespace residency::model {

struct HfConfig {
  LlamaConfig config;
  std::map<std::string, GgufValue> metadata;  // the GGUF keys that say the same
  std::vector<float> rope_factors;            // of rope_freqs.weight; empty where there is none
  double norm_shift = 0;                      // what GGUF's norms have added (Gemma: 1)
};

/// kInvalidInput naming `name` and the key where the model is of no family that is supported, or
/// uses what its family's GGUF cannot say.
Result<HfConfig> read_hf_config(const Json& config, const std::string& name);

/// The checkpoint's name of a GGUF tensor of such a model: "model.layers.0.mlp.up_proj.weight".
std::string hf_tensor_name(const std::string& gguf, const LlamaConfig& config);

}  // namespace residency::model
