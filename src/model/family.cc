#include "model/family.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace residency::model {
namespace {

struct Family {
  std::string_view architecture;
  RotaryPairs rotary_pairs;
  GateFunction gate = GateFunction::kSilu;
  bool qkv_bias = false;
  bool qk_norm = false;
  bool post_norms = false;
  bool fused = false;
  bool scales_embedding = false;
  std::int64_t window_pattern = 1;
  double rope_theta_windowed = 0;
  std::int64_t layers_of_27b = 0;  // whose scores are scaled by embedding and heads
};

constexpr Family kFamilies[] = {
    {.architecture = "llama", .rotary_pairs = RotaryPairs::kNeighbours},
    {.architecture = "qwen2", .rotary_pairs = RotaryPairs::kHalves, .qkv_bias = true},
    {.architecture = "qwen3", .rotary_pairs = RotaryPairs::kHalves, .qk_norm = true},
    {.architecture = "gemma",
     .rotary_pairs = RotaryPairs::kHalves,
     .gate = GateFunction::kGelu,
     .scales_embedding = true},
    {.architecture = "gemma2",
     .rotary_pairs = RotaryPairs::kHalves,
     .gate = GateFunction::kGelu,
     .post_norms = true,
     .scales_embedding = true,
     .window_pattern = 2,
     .layers_of_27b = 46},
    {.architecture = "gemma3",
     .rotary_pairs = RotaryPairs::kHalves,
     .gate = GateFunction::kGelu,
     .qk_norm = true,
     .post_norms = true,
     .scales_embedding = true,
     .window_pattern = 6,
     .rope_theta_windowed = 10000,
     .layers_of_27b = 62},
    {.architecture = "phi3", .rotary_pairs = RotaryPairs::kHalves, .fused = true},
};

const Family* find_family(std::string_view architecture) {
  const auto* const found =
      std::find_if(std::begin(kFamilies), std::end(kFamilies),
                   [&](const Family& family) { return family.architecture == architecture; });
  return found == std::end(kFamilies) ? nullptr : found;
}

}  // namespace

bool is_known_family(std::string_view architecture) { return find_family(architecture) != nullptr; }

std::string known_families() {
  std::string names;
  for (const Family& family : kFamilies)
    names += (names.empty() ? "" : ", ") + std::string(family.architecture);
  return names;
}

void set_family(LlamaConfig& config) {
  const Family* family = find_family(config.architecture);
  if (family == nullptr) return;
  config.rotary_pairs = family->rotary_pairs;
  config.gate = family->gate;
  config.qkv_bias = family->qkv_bias;
  config.qk_norm = family->qk_norm;
  config.post_norms = family->post_norms;
  config.fused = family->fused;
  config.window_pattern = family->window_pattern;
  config.rope_theta_windowed = family->rope_theta_windowed;
  if (family->scales_embedding)
    config.embedding_scale = std::sqrt(static_cast<double>(config.embedding));
  if (family->layers_of_27b > 0 && config.layers == family->layers_of_27b)
    config.attention_scale =
        1.0 / std::sqrt(static_cast<double>(config.embedding) / static_cast<double>(config.heads));
}

}  // namespace residency::model
