// Engine: losses and adapter gradients of a frozen base model. The fast engine and the reference
// engine are the two forms of everything that training computes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataset/packing.h"
#include "model/gguf.h"
#include "model/llama_config.h"
#include "train/adapter_layout.h"
#include "train/train_options.h"

namespace residency::train {

/// Seconds spent in each part since the engine was made.
struct PartSeconds {
  double gemm = 0;
  double adapter = 0;
  double attention = 0;
  double loss = 0;
  double optimiser = 0;
  double other = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// Takes the adapter's values (AdapterLayout's order) for the calls that follow.
  virtual Result<void> set_adapter(std::span<const float> values) = 0;

  /// Adds to `gradient` that of weight * (the sum of the losses at the sequence's targets, each
  /// times its segment's weight), and returns the sum of the losses without any weight.
  virtual Result<double> accumulate_gradient(const dataset::PackedSequence& sequence, double weight,
                                             std::span<float> gradient) = 0;

  /// The sums of the losses at the targets of each segment, without segment_weights.
  virtual Result<std::vector<double>> segment_losses(const dataset::PackedSequence& sequence) = 0;

  /// The sum of the losses at the sequence's targets.
  virtual Result<double> loss(const dataset::PackedSequence& sequence) = 0;

  /// Log-probabilities [tokens, vocabulary] of what follows each token.
  /// With a head: of the labels at each token, [tokens, labels].
  virtual Result<std::vector<float>> logprobs(std::span<const std::int32_t> tokens) = 0;

  /// Gives back the memory that only a call needs; the next call takes it again.
  virtual void rest() {}

  virtual PartSeconds seconds() const = 0;
  virtual std::string_view name() const = 0;
};

/// The engine that the options ask for. kInvalidArgument where the fast one was asked for and
/// cannot run the model.
Result<std::unique_ptr<Engine>> make_engine(const TrainOptions& options,
                                            const model::GgufFile& base,
                                            const model::LlamaConfig& config,
                                            const AdapterLayout& layout);

/// Each place's weight; empty where all are 1.
std::vector<float> place_weights(const dataset::PackedSequence& sequence);

/// A sequence that is one segment of `tokens` without targets.
dataset::PackedSequence plain_sequence(std::span<const std::int32_t> tokens);

/// kInvalidInput where the sequence is inconsistent, too long or holds a token that the model does
/// not know, or a label that the layout's head does not.
Result<void> check_sequence(const dataset::PackedSequence& sequence,
                            const model::LlamaConfig& config, const AdapterLayout& layout,
                            std::int64_t tokens_max);

}  // namespace residency::train
