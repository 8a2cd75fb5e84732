// LlamaConfig: the hyperparameters of a Llama-family model, read from GGUF metadata and held
// against its tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// Which rows of a head rotary embedding turns together: (2i, 2i+1) in llama-architecture GGUF
/// files, which hold q and k rows permuted from the Hugging Face order for that; (i, i + n/2) in
/// the others.
enum class RotaryPairs : std::uint8_t { kNeighbours, kHalves };

/// What the feed-forward's gate goes through: x sigmoid(x), or GELU in its tanh form (Hendrycks and
/// Gimpel, 2016).
enum class GateFunction : std::uint8_t { kSilu, kGelu };

/// A decoder of the Llama line: Llama (SmolLM2, Mistral), Qwen 2 and 3, Gemma 1 to 3, Phi-3. What
/// sets the families apart is in the fields below `tied_head`.
struct LlamaConfig {
  std::string architecture;  // "llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"
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

  RotaryPairs rotary_pairs = RotaryPairs::kNeighbours;
  GateFunction gate = GateFunction::kSilu;
  bool qkv_bias = false;            // attn_q.bias, attn_k.bias, attn_v.bias
  bool qk_norm = false;             // attn_q_norm, attn_k_norm over each head, before the rotation
  bool post_norms = false;          // post_attention_norm, post_ffw_norm, before the residual sum
  bool fused = false;               // attn_qkv, and ffn_up with the gate in its first half
  double embedding_scale = 1;       // of the tokens' embeddings
  double attention_scale = 0;       // of q k; 0: 1 / sqrt(head_dimension)
  double attention_softcap = 0;     // c tanh(x / c) of the scores; 0: none
  double final_softcap = 0;         // of the logits; 0: none
  std::int64_t window = 0;          // tokens that a windowed layer looks back at, itself among them
  std::int64_t window_pattern = 1;  // layer i is windowed where i % pattern < pattern - 1
  double rope_theta_windowed = 0;   // of windowed layers; 0: as the others'

  bool windowed(std::int64_t layer) const {
    return window > 0 && layer % window_pattern < window_pattern - 1;
  }
  double scale_of_scores() const;

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
/// "blk.3.attn_q.bias"
std::string block_bias(std::int64_t layer, std::string_view part);

/// The full structural check before a file is handed to llama.cpp: header, metadata, vocabulary,
/// and exactly the architecture's tensors with their shapes. kCorrupt or kInvalidInput, naming the
/// file and the field.
Result<LlamaConfig> verify_gguf(const std::string& path);
Result<LlamaConfig> verify_gguf(const GgufFile& file);

}  // namespace residency::model
