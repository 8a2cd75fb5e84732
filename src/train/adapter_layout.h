// AdapterLayout: where each trained matrix lies in the one vector that the optimiser sees.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"
#include "model/label_head.h"
#include "model/llama_config.h"
#include "model/lora_adapter.h"
#include "train/optimiser/optimiser.h"
#include "train/train_options.h"

namespace residency::train {

/// One adapted matrix: A is [rank, in], B is [out, rank], both row-major.
struct AdapterPlace {
  std::string tensor;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t rank = 0;
  double scale = 0;  // of the product B A
  std::int64_t a_offset = 0;
  std::int64_t b_offset = 0;
  std::int64_t m_offset = -1;  // DoRA's magnitudes [out]; -1: plain LoRA
};

/// One tensor that is trained as it is: [rows, columns] row-major; a vector has one row.
struct DensePlace {
  std::string tensor;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t offset = 0;

  std::int64_t size() const { return rows * columns; }
};

/// A head's weight [labels, width] and, behind it, its bias.
struct HeadPlace {
  model::HeadKind kind = model::HeadKind::kLabel;
  bool bidirectional = true;
  std::int64_t labels = 0;
  std::int64_t width = 0;
  std::int64_t offset = 0;

  std::int64_t bias_offset() const { return offset + labels * width; }
};

struct AdapterLayout {
  std::vector<AdapterPlace> places;  // by layer, then as model::lora_targets() lists them
  std::vector<DensePlace> dense;     // full fine-tuning: every tensor, in the model's order
  std::optional<HeadPlace> head;     // in place of the one that says tokens
  std::int64_t size = 0;
  double b_rate_factor = 1;  // LoRA+

  /// Adds a place at the end.
  void add(std::string tensor, std::int64_t in, std::int64_t out, std::int64_t rank, double scale,
           bool dora = false);
  bool is_dora() const { return !places.empty() && places.front().m_offset >= 0; }
  std::int64_t rank_max() const;
  /// Null where the tensor is not adapted.
  const AdapterPlace* find(const std::string& tensor) const;
  /// Null where the tensor itself is not trained.
  const DensePlace* find_dense(const std::string& tensor) const;
  bool is_full() const { return !dense.empty(); }
  /// What a target may be at most, plus 1.
  std::int64_t outputs(const model::LlamaConfig& config) const {
    return head ? head->labels : config.vocabulary;
  }
  bool causal() const { return !head || !head->bidirectional; }
};

/// The layout for a model of `config`. Empty where the options leave nothing to adapt.
AdapterLayout make_layout(const model::LlamaConfig& config, const LoraOptions& options);
/// The layout of full fine-tuning: every tensor but the table of rotary factors.
AdapterLayout make_full_layout(const model::LlamaConfig& config);
/// The one that the options' method asks for.
AdapterLayout make_layout(const model::LlamaConfig& config, const TrainOptions& options);

/// The model's own values, in a full layout's order, and a head's as initial_values() has them.
Result<std::vector<float>> base_values(const AdapterLayout& layout, const model::GgufFile& base,
                                       std::uint64_t seed);

/// Values to begin with: A uniform in +-1/sqrt(in) by `seed`, B zero (Hu et al., and PEFT's
/// default); a head's weight uniform in +-1/sqrt(width), its bias zero.
std::vector<float> initial_values(const AdapterLayout& layout, std::uint64_t seed);

/// DoRA's magnitudes to begin with: the lengths of the base's rows. Nothing where the layout has
/// none.
Result<void> start_magnitudes(const AdapterLayout& layout, const model::GgufFile& base,
                              std::vector<float>& values);

/// Takes another adapter's values into `values`, which hold those to begin with: what it says, the
/// layout then says. Ranks may be smaller than the layout's, modules fewer; a plain adapter may
/// become DoRA. kInvalidInput naming the module where something of it would be lost.
Result<void> take_adapter(const AdapterLayout& layout, const model::LoraAdapter& adapter,
                          const model::GgufFile& base, std::vector<float>& values);

/// What the optimiser steps over: A and B of every place, and the dense tensors, of which vectors
/// (norms, biases) do not decay.
std::vector<ParameterBlock> parameter_blocks(const AdapterLayout& layout);

/// The head that `values` hold, where the layout has one, with the labels that the options name.
std::optional<model::LabelHead> to_head(const AdapterLayout& layout, const HeadOptions& options,
                                        std::span<const float> values);

/// The adapter that `values` are. Places of different ranks and scales become modules of the
/// largest rank and one alpha: rows of zeros are added, and B takes up the difference in scale, so
/// that every program that loads LoRA loads it.
model::LoraAdapter to_adapter(const AdapterLayout& layout, std::span<const float> values);

}  // namespace residency::train
