// HfImport: a Hugging Face checkpoint (config.json, tokenizer.json, *.safetensors) as a GGUF file.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

struct HfImported {
  std::string architecture;
  std::int64_t tensors = 0;
  std::int64_t parameters = 0;
};

/// Writes the model of `folder` to `out`, which must not be there yet: matrices in the type that
/// they have, vectors in F32, rows of llama-architecture q and k in GGUF's order; one tensor in
/// memory at a time; whole or not at all. kInvalidInput or kCorrupt, naming file and field, where
/// the folder is no checkpoint of a known family.
Result<HfImported> import_hf(Env& env, const std::string& folder, const std::string& out);

}  // namespace residency::model
