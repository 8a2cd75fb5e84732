// LoraAdapter: low-rank updates of a Llama model's projections, in GGUF row order.
// Method: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/llama_config.h"

namespace residency::model {

/// The update (alpha / rank) * B @ A of one weight matrix.
struct LoraModule {
  std::string tensor;    // the base tensor: "blk.0.attn_q.weight"
  std::int64_t in = 0;   // the base tensor's shape[0]
  std::int64_t out = 0;  // and shape[1]
  std::vector<float> a;  // [rank, in] row-major
  std::vector<float> b;  // [out, rank] row-major, rows in GGUF order
  /// DoRA (Liu et al., ICML 2024): each row of the sum of base and update is scaled to this
  /// length. [out], rows in GGUF order; empty for plain LoRA.
  std::vector<float> magnitude = {};
};

struct LoraAdapter {
  std::int64_t rank = 0;
  double alpha = 0;
  std::string base_sha256;  // of the base GGUF file, "" where it is not known
  std::vector<LoraModule> modules;

  /// Whether rows have lengths of their own: such an adapter is no low-rank update, so programs
  /// that know plain LoRA alone take it merged.
  bool is_dora() const { return !modules.empty() && !modules.front().magnitude.empty(); }
};

inline constexpr std::int64_t kLoraRankMax = 4096;

/// One kind of projection that adapters may target.
struct LoraTarget {
  std::string_view gguf;  // "attn_q", as in blk.N.attn_q.weight
  std::string_view hf;    // "self_attn.q_proj", as in model.layers.N.self_attn.q_proj.weight
};

/// All linear layers of a block, in the order modules are written.
const std::vector<LoraTarget>& lora_targets();

/// The projection's name in Hugging Face's modules: a fused feed-forward's is its own.
std::string_view hf_name(const LoraTarget& target, const LlamaConfig& config);

/// A module's layer and target; kInvalidInput where `tensor` names no targetable projection.
struct LoraPlace {
  std::int64_t layer = 0;
  LoraTarget target;
};
Result<LoraPlace> lora_place(const std::string& tensor);

/// kInvalidInput naming the module where the adapter does not fit a model of `config`: unknown or
/// repeated modules, wrong shapes, values that are not finite, rank or alpha out of bounds.
Result<void> check_lora(const LoraAdapter& adapter, const LlamaConfig& config);

/// weights [out, in] += (alpha / rank) * B @ A, and rows scaled to the module's magnitudes.
void apply_module(const LoraModule& module, const LoraAdapter& adapter,
                  std::vector<float>& weights);

/// The modules in the order of layer, then target: files made from an adapter do not depend on the
/// order in which it lists them.
std::vector<const LoraModule*> sorted_modules(const LoraAdapter& adapter);

}  // namespace residency::model
