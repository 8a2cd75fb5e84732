// LlamaConfig: the hyperparameters of a Llama-family model, read from GGUF metadata and held
// against its tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// Rotary embedding pairs rows (2i, 2i+1) of a head: llama-architecture GGUF files hold q and k
/// rows permuted from the Hugging Face order for that.
struct LlamaConfig {
  std::string architecture;  // "llama"
  std::int64_t layers = 0;
  std::int64_t embedding = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dimension = 0;
  std::int64_t feed_forward = 0;
  std::int64_t vocabulary = 0;
  std::int64_t context = 0;
  double rms_epsilon = 0;
  double rope_theta = 10000;
  double rope_scale = 1;      // positions are multiplied by this (1/factor of linear scaling)
  bool rope_factors = false;  // rope_freqs.weight divides the frequencies (Llama 3.1 and later)
  bool tied_head = false;     // no output.weight: the head is token_embd.weight

  /// kInvalidInput naming the key where it is missing, out of bounds or of a family that is not
  /// supported yet (mixture of experts, yarn, per-layer heads...).
  static Result<LlamaConfig> from_gguf(const GgufFile& file);
};

/// A tensor that a model of `config` must hold; shape in ggml order.
struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// Every tensor of such a model, in file order of llama.cpp's converter.
std::vector<ExpectedTensor> expected_tensors(const LlamaConfig& config);

/// "blk.3.attn_q.weight"
std::string block_tensor(std::int64_t layer, std::string_view part);

/// The full structural check before a file is handed to llama.cpp: header, metadata, vocabulary,
/// and exactly the architecture's tensors with their shapes. kCorrupt or kInvalidInput, naming the
/// file and the field.
Result<LlamaConfig> verify_gguf(const std::string& path);
Result<LlamaConfig> verify_gguf(const GgufFile& file);

}  // namespace residency::model
