// TrainOptions: the `train` section of a recipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/result.h"

namespace residency::train {

/// Rank and alpha of the projections whose name matches, other than the rest's.
struct LoraModuleOptions {
  std::string pattern;    // of "blk.3.attn_q": * stands for anything, ? for one character
  std::int64_t rank = 0;  // 0: not adapted
  double alpha = 0;
};

struct LoraOptions {
  std::int64_t rank = 16;
  double alpha = 32;
  /// Scale by alpha / sqrt(rank): Kalajdzievski, Rank Stabilization Scaling Factor for Fine-Tuning
  /// with LoRA, 2023.
  bool rank_stabilised = false;
  /// Rows of the adapted matrices keep a length of their own, trained apart from their direction:
  /// Liu et al., DoRA: Weight-Decomposed Low-Rank Adaptation, ICML 2024.
  bool dora = false;
  /// B learns this many times as fast as A: Hayou et al., LoRA+, ICML 2024, who advise 16.
  double plus_ratio = 1;
  /// Only so many of the blocks nearest the head are adapted; 0: all.
  std::int64_t top_blocks = 0;
  std::vector<LoraModuleOptions> modules;  // the first that matches counts
  /// GGUF names of projections ("attn_q"), of model::lora_targets(); empty: all linear layers.
  std::vector<std::string> targets;
};

/// A head that says labels in place of tokens (model/label_head.h), trained with the rest.
struct HeadOptions {
  std::string kind;                 // "tags", "label", "labels"; "": none
  bool bidirectional = true;        // BehnamGhader et al., LLM2Vec, COLM 2024, section 2
  std::vector<std::string> labels;  // of the training set; filled in before the run
};

enum class Schedule : std::uint8_t { kCosine, kLinear, kConstant, kWsd };
enum class OptimiserKind : std::uint8_t { kAdamW, kAdamW8, kAdafactor, kSgd };
enum class Precision : std::uint8_t { kBf16, kFp32 };
/// kFast: own kernels and oneDNN on the CPU. kReference: plain tensor operations with autograd.
/// kAuto: fast where the model's dimensions allow it.
enum class Backend : std::uint8_t { kAuto, kFast, kReference };

/// What backward computes again rather than keeps: less memory, more work (Chen et al., Training
/// Deep Nets with Sublinear Memory Cost, 2016).
enum class Recompute : std::uint8_t { kNone, kFeedForward };

struct TrainOptions {
  /// "lora"; "qlora": the base stays quantised in memory (Dettmers et al., QLoRA, NeurIPS 2023);
  /// "full": every weight is trained.
  std::string method = "lora";
  /// "sft": the answers' likelihood; "dpo", "orpo": pairs of answers; "kto":
  /// answers judged alone (train/preference.h).
  std::string objective = "sft";
  double preference_beta = 0.1;  // of DPO and KTO
  double orpo_weight = 0.1;      // of ORPO's odds beside the likelihood
  LoraOptions lora;
  std::string from;  // an adapter artifact of the same base that the adapter begins as; "": none
  HeadOptions head;
  double learning_rate = 2e-4;
  std::int64_t epochs = 1;
  std::int64_t steps_max = 0;               // 0: as many as the epochs take
  std::int64_t batch_tokens = 4096;         // of an optimiser step
  std::int64_t sequence_tokens_max = 1024;  // of a packed sequence
  double warmup_ratio = 0.05;               // share of all steps
  Schedule schedule = Schedule::kCosine;
  double decay_ratio = 0.2;  // share of all steps over which WSD falls
  OptimiserKind optimiser = OptimiserKind::kAdamW;
  double momentum = 0.9;  // SGD's
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double gradient_clip = 1;  // largest norm of a step's gradient; 0: any
  double spike_sigma = 6;    // deviations by which a loss may jump before its step is skipped;
                             // 0: any
  std::int64_t bad_steps_max = 3;  // skipped one after the other before the run ends
  std::uint64_t seed = 0;
  std::int64_t eval_every_steps = 0;         // 0: at the end of each epoch
  std::int64_t early_stopping_patience = 0;  // evaluations without improvement; 0: never stop
  std::int64_t checkpoint_every_steps = 20;
  Precision precision = Precision::kBf16;
  Backend backend = Backend::kAuto;
  Recompute recompute = Recompute::kNone;  // the reference engine keeps everything
  std::int64_t threads = 0;                // 0: one for each core

  static Result<TrainOptions> from_config(const ConfigNode& node);
  /// All that decides the adapter, in one form. Threads, checkpoints and the like are left out.
  std::string canonical_json() const;
};

}  // namespace residency::train
