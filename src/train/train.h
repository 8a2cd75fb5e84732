// train: packed token sequences and a base model -> a LoRA adapter, or a tuned model.
// Takes: a GGUF model of a known family, packed sequences of training and validation, options.
// Gives: the adapter, or the model as a whole, with the best validation loss, its loss history, a
// metric for each step. Keeps: one checkpoint in the store it is given, so that a killed run goes
// on bit for bit. Must never: see text, write a file, or let a type of libtorch or oneDNN into this
// header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "dataset/sequence_set.h"
#include "model/llama_config.h"
#include "model/lora_adapter.h"
#include "train/adapter_layout.h"
#include "train/checkpoint.h"
#include "train/engine.h"
#include "train/ranks/rank_group.h"
#include "train/train_options.h"

namespace residency::train {

struct TrainInputs {
  std::string base_gguf_path;
  dataset::SequenceSet train;
  dataset::SequenceSet validation;  // may be empty
  RankGroup* ranks = nullptr;       // the processes that train together; null: this one alone
  const model::LoraAdapter* from = nullptr;  // what the adapter begins as; null: from nothing
};

/// One optimiser step as it went.
struct StepMetrics {
  std::int64_t step = 0;   // from 1
  std::int64_t steps = 0;  // planned
  std::int64_t epoch = 0;  // from 0
  double loss = 0;         // mean over the step's supervised tokens
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  SkipReason skipped = SkipReason::kNone;
  std::int64_t tokens = 0;
  std::int64_t supervised_tokens = 0;
  double seconds = 0;
  double tokens_per_second = 0;
  std::optional<double> validation_loss;  // mean over supervised tokens, where one was taken
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void step(const StepMetrics& metrics) = 0;
};

/// Every tensor of a model that was trained as a whole.
struct TunedWeights {
  std::vector<DensePlace> places;
  std::vector<float> values;

  /// Empty where the tensor was not trained.
  std::span<const float> find(std::string_view tensor) const;
};

struct TrainResult {
  model::LoraAdapter adapter;            // of the best validation loss; the last without validation
  TunedWeights tuned;                    // full fine-tuning: in place of the adapter
  std::optional<model::LabelHead> head;  // where the options ask for one
  std::int64_t steps = 0;
  std::int64_t tokens = 0;
  std::optional<double> best_validation_loss;
  std::vector<LossPoint> history;
  bool stopped_early = false;
  std::uint64_t peak_rss_bytes = 0;  // of this process
  PartSeconds seconds;               // of this process, without what an earlier one did
  std::string engine;                // what computed it: "avx512", "reference"...
};

/// Trains, or goes on from the checkpoint in `store`. The same options, inputs and machine give
/// the same adapter bit for bit, however often it was interrupted. A checkpoint of other options
/// or inputs is kFailedPrecondition; a damaged one kCorrupt; steps that are bad one after the other
/// (train/bad_step.h) are kInvalidInput naming the first; kCancelled leaves a checkpoint behind.
/// With ranks every one is given the same options and inputs and a store that holds the same
/// checkpoint; rank 0 alone writes to store and sink, and gives the result; the others give one
/// without values. Preferences (objectives other than sft) are not trained over ranks.
Result<TrainResult> run(const TrainOptions& options, const TrainInputs& inputs,
                        CheckpointStore& store, MetricSink& metrics, Progress& progress);

/// What a run will take, before it starts.
struct TrainEstimate {
  std::uint64_t memory_bytes = 0;
  double gigaflops_per_token = 0;  // with every token supervised
  std::int64_t trained_values = 0;
};
TrainEstimate estimate(const TrainOptions& options, const model::LlamaConfig& config);

/// Log-probabilities [tokens, vocabulary] of what follows each token, as the trainer's forward pass
/// computes them; `adapter` may be null.
Result<std::vector<float>> forward_logprobs(const std::string& gguf_path,
                                            const model::LoraAdapter* adapter,
                                            std::span<const std::int32_t> tokens,
                                            Precision precision, Backend backend);

/// The largest resident set of this process so far.
std::uint64_t peak_rss_bytes();

}  // namespace residency::train
