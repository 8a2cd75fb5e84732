// AdapterLayout: where each trained matrix lies in the one vector that the optimiser sees.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/llama_config.h"
#include "model/lora_adapter.h"
#include "train/train_options.h"

namespace residency::train {

/// One adapted matrix: A is [rank, in], B is [out, rank], both row-major.
struct AdapterPlace {
  std::string tensor;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t a_offset = 0;
  std::int64_t b_offset = 0;
};

struct AdapterLayout {
  std::int64_t rank = 0;
  double alpha = 0;
  std::vector<AdapterPlace> places;  // by layer, then as model::lora_targets() lists them
  std::int64_t size = 0;

  float scale() const { return static_cast<float>(alpha / static_cast<double>(rank)); }
  /// Null where the tensor is not adapted.
  const AdapterPlace* find(const std::string& tensor) const;
};

/// The layout for a model of `config`.
AdapterLayout make_layout(const model::LlamaConfig& config, const LoraOptions& options);

/// Values to begin with: A uniform in +-1/sqrt(in) by `seed`, B zero (Hu et al., and PEFT's
/// default).
std::vector<float> initial_values(const AdapterLayout& layout, std::uint64_t seed);

/// The adapter that `values` are.
model::LoraAdapter to_adapter(const AdapterLayout& layout, std::span<const float> values);

}  // namespace residency::train
