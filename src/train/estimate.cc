#include <algorithm>

#include "train/fast_engine.h"
#include "train/train.h"

namespace residency::train {
namespace {

constexpr std::uint64_t kLibraryBytes = 200u << 20;  // libtorch, oneDNN and their like once loaded
constexpr std::int64_t kHeadRows = 64;
constexpr std::int64_t kHeadRowsTrained = 256;
// Bytes of a quantised base's values: five bits and a half in blocks, eight and a half for tokens,
// as llama.cpp's mixtures of four bits have them.
constexpr double kBlockBytes = 5.5 / 8;
constexpr double kTokenBytes = 8.5 / 8;

/// As the optimisers' own state_bytes(), without making one.
std::uint64_t optimiser_state_bytes(const TrainOptions& options, const AdapterLayout& layout) {
  constexpr std::int64_t kValuesOfAScale = 256;
  std::int64_t bytes = 0;
  for (const ParameterBlock& block : parameter_blocks(layout)) {
    switch (options.optimiser) {
      case OptimiserKind::kAdamW:
        bytes += 8 * block.size();
        break;
      case OptimiserKind::kAdamW8:
        bytes += 2 * block.size() + 8 * ((block.size() + kValuesOfAScale - 1) / kValuesOfAScale);
        break;
      case OptimiserKind::kAdafactor:
        bytes += 4 * (block.rows + block.columns);
        break;
      case OptimiserKind::kSgd:
        bytes += options.momentum > 0 ? 4 * block.size() : 0;
        break;
    }
  }
  return static_cast<std::uint64_t>(bytes);
}

/// What autograd keeps beside the rest: scores of all heads, and each operation's input.
std::int64_t reference_values(const model::LlamaConfig& config, std::int64_t rows,
                              std::int64_t saved) {
  return config.layers * config.heads * rows * rows * 4 + 3 * rows * saved +
         rows * config.vocabulary * 3;
}

}  // namespace

TrainEstimate estimate(const TrainOptions& options, const model::LlamaConfig& config) {
  const AdapterLayout layout = make_layout(config, options);
  const std::int64_t heads = config.heads * config.head_dimension;
  const std::int64_t qkv = heads + 2 * config.kv_heads * config.head_dimension;
  const std::int64_t n = config.embedding;
  const std::int64_t body = config.layers * (n * qkv + heads * n + 3 * n * config.feed_forward);
  const std::int64_t head = config.vocabulary * n;
  const std::int64_t rows = std::min(options.sequence_tokens_max, config.context);
  const std::int64_t size = options.precision == Precision::kBf16 ? 2 : 4;
  const std::int64_t gates =
      (options.recompute == Recompute::kFeedForward ? 1 : config.layers) * 2 * config.feed_forward;
  const std::int64_t saved =
      gates +
      config.layers * ((layout.is_dora() ? 4 : 2) * n + qkv + heads + 7 * layout.rank_max()) +
      8 * n + 5 * config.feed_forward;
  // In full fine-tuning: values, gradient, and a piece of the checkpoint while it is encrypted.
  const std::int64_t copies = layout.is_full() ? 3 : 7;
  double weights = options.method == "qlora"
                       ? kBlockBytes * static_cast<double>(body) +
                             kTokenBytes * static_cast<double>(config.tied_head ? head : 2 * head)
                       : static_cast<double>(size * (2 * body + (config.tied_head ? 3 : 4) * head));
  const bool reference =
      options.backend == Backend::kReference || !fast_engine_refusal(config).empty();
  const bool widens = !reference && options.precision == Precision::kBf16 &&
                      !kernels<Bf16>(best_instruction_set()).bf16_products;
  if (widens) {
    // Held once; rows, sums and a tile of a product are wide for a moment.
    if (options.method != "qlora")
      weights = static_cast<double>(2 * (body + (config.tied_head ? 1 : 2) * head));
    weights += static_cast<double>(4 * (rows * 4 * config.feed_forward + kTileValues));
  }
  TrainEstimate estimate;
  estimate.trained_values = layout.size;
  estimate.memory_bytes =
      kLibraryBytes + static_cast<std::uint64_t>(weights) +
      static_cast<std::uint64_t>(size * rows * saved +
                                 (layout.is_full() ? kHeadRowsTrained : kHeadRows) *
                                     config.vocabulary * (4 + size) +
                                 layout.size * (4 * copies + (layout.is_full() ? 0 : 2 * size))) +
      optimiser_state_bytes(options, layout);
  if (reference)
    estimate.memory_bytes +=
        static_cast<std::uint64_t>(size * reference_values(config, rows, saved));
  const double attention = 7.0 * static_cast<double>(rows * heads * config.layers);
  const double frozen = layout.is_full() ? 0 : 4.0 * static_cast<double>(body + head);
  estimate.gigaflops_per_token =
      1e-9 * (frozen + 6.0 * static_cast<double>(layout.size) + attention);
  return estimate;
}

}  // namespace residency::train
