#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <numeric>
#include <sys/resource.h>

#include "base/env.h"
#include "model/gguf.h"
#include "model/sha256_file.h"
#include "train/bad_step.h"
#include "train/large_checkpoint.h"
#include "train/optimiser/learning_rate.h"
#include "train/pair_objective.h"
#include "train/parallel.h"
#include "train/ranks/ranked_work.h"
#include "train/run_key.h"
#include "train/step_plan.h"
#include "train/stopwatch.h"
#include "train/train.h"

namespace residency::train {
namespace {

constexpr const char* kCheckpoint = "train.checkpoint";
constexpr const char* kBest = "train.best";  // of full fine-tuning

/// The parts of a run, and the loop over them.
class Run {
 public:
  Run(const TrainOptions& options, const TrainInputs& inputs, CheckpointStore& store,
      MetricSink& metrics, Progress& progress)
      : options_(options),
        inputs_(inputs),
        store_(store),
        metrics_(metrics),
        progress_(progress),
        large_(store),
        pairs_(options),
        work_(inputs.ranks) {}

  Result<TrainResult> go() {
    RESIDENCY_TRY_VOID(prepare());
    for (std::int64_t epoch = 0; !ended(); ++epoch) {
      for (const PlannedStep& planned : plan_epoch(options_, inputs_.train, epoch)) {
        if (++planned_ <= state_.step) continue;
        if (ended()) break;
        RESIDENCY_TRY(StepMetrics metrics, step(planned));
        if (evaluates(planned)) {
          RESIDENCY_TRY(metrics.validation_loss, validate());
        }
        log(metrics);
        RESIDENCY_TRY_VOID(check_bad_steps(options_, state_.history));
        if (saves(metrics)) RESIDENCY_TRY_VOID(save());
        if (stop_asked() && !ended()) return stop();
      }
    }
    return result();
  }

 private:
  /// With ranks, what all of them know since the step.
  bool stop_asked() const { return work_.alone() ? progress_.cancelled() : stop_; }

  bool ended() const { return state_.step >= steps_ || state_.stopped_early; }

  Result<void> prepare() {
    set_threads(options_.threads);
    progress_.update(0, 0, "steps", "loading the base model");
    RESIDENCY_TRY(const auto base, model::GgufFile::open(inputs_.base_gguf_path));
    RESIDENCY_TRY(config_, model::LlamaConfig::from_gguf(*base));
    RESIDENCY_TRY(base_sha256_, model::sha256_file(Env::posix(), inputs_.base_gguf_path));
    layout_ = make_layout(config_, options_);
    if (layout_.head && layout_.head->labels == 0)
      return invalid_argument("train.head: the labels are not known");
    if (layout_.places.empty() && layout_.dense.empty()) {
      return invalid_argument("train.lora leaves no projection of the base model to adapt");
    }
    optimiser_ = make_optimiser(options_, parameter_blocks(layout_));
    steps_ = count_steps(options_, inputs_.train);
    if (steps_ == 0) return invalid_input("the training set has no token with loss");
    // Sequences that are not in memory are checked when they are read.
    for (const auto* set : {&inputs_.train, &inputs_.validation}) {
      if (set->held() == nullptr) continue;
      for (const auto& sequence : *set->held()) {
        RESIDENCY_TRY_VOID(
            check_sequence(sequence, config_, layout_, options_.sequence_tokens_max));
      }
    }
    key_ = run_key(options_, base_sha256_, inputs_);
    if (!work_.alone()) {
      if (is_pairwise())
        return invalid_argument("train.objective " + options_.objective +
                                " cannot be trained over several ranks yet");
      RESIDENCY_TRY_VOID(agree(*inputs_.ranks, key_, "data set, base model or set of options"));
    }
    if (layout_.is_full()) return prepare_full(*base);
    RESIDENCY_TRY(const auto saved, store_.get(kCheckpoint));
    if (saved.has_value()) {
      RESIDENCY_TRY(state_, decode_checkpoint(*saved, key_, layout_.size));
      RESIDENCY_TRY_VOID(optimiser_->set_state(state_.optimiser));
      state_.optimiser.clear();
    } else {
      RESIDENCY_TRY(state_.values, first_values(*base));
    }
    return start(*base);
  }

  /// The same where a whole model is trained.
  Result<void> prepare_full(const model::GgufFile& base) {
    RESIDENCY_TRY(auto saved, large_.load(*optimiser_, key_, layout_.size));
    if (saved) {
      state_ = *std::move(saved);
    } else {
      RESIDENCY_TRY(state_.values, first_values(base));
    }
    return start(base);
  }

  Result<void> start(const model::GgufFile& base) {
    if (!work_.alone())
      RESIDENCY_TRY_VOID(agree(*inputs_.ranks, fmt::format("step {}", state_.step), "checkpoint"));
    gradient_.resize(state_.values.size());
    RESIDENCY_TRY(engine_, make_engine(options_, base, config_, layout_));
    if (is_pairwise()) RESIDENCY_TRY_VOID(take_reference(base));
    return engine_->set_adapter(state_.values);
  }

  /// What a run that begins anew begins with.
  Result<std::vector<float>> first_values(const model::GgufFile& base) const {
    if (layout_.is_full()) return base_values(layout_, base, options_.seed);
    std::vector<float> values = initial_values(layout_, options_.seed);
    RESIDENCY_TRY_VOID(start_magnitudes(layout_, base, values));
    if (inputs_.from != nullptr)
      RESIDENCY_TRY_VOID(take_adapter(layout_, *inputs_.from, base, values));
    return values;
  }

  bool is_pairwise() const { return options_.objective != "sft"; }

  /// The model before the first step: an adapter whose B is zero, or the base's own weights.
  Result<void> take_reference(const model::GgufFile& base) {
    RESIDENCY_TRY(const std::vector<float> values, first_values(base));
    return pairs_.take_reference(*engine_, values, inputs_.train, inputs_.validation, progress_);
  }

  /// The objective's share of one sequence, `weight` of its gradient added.
  Result<double> accumulate(std::size_t index, double weight, std::span<float> gradient) {
    dataset::PackedSequence room;
    RESIDENCY_TRY(const auto* sequence, inputs_.train.read(index, room));
    return is_pairwise() ? pairs_.accumulate_gradient(*engine_, *sequence, index, weight, gradient)
                         : engine_->accumulate_gradient(*sequence, weight, gradient);
  }

  Result<StepMetrics> step(const PlannedStep& planned) {
    const auto began = std::chrono::steady_clock::now();
    const std::int64_t number = state_.step + 1;
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
    // Over tokens, or over pairs.
    const double weight = 1.0 / (is_pairwise() ? static_cast<double>(planned.sequences.size())
                                               : static_cast<double>(planned.supervised_tokens));
    double sum = 0;
    if (is_pairwise())
      RESIDENCY_TRY_VOID(pairs_.look_ahead(*engine_, inputs_.train, planned.sequences, false));
    bool stop = progress_.cancelled();
    RESIDENCY_TRY(const auto parts, work_.gradients(
                                        planned.sequences.size(),
                                        [&](std::size_t i, std::span<float> gradient) {
                                          return accumulate(planned.sequences[i], weight, gradient);
                                        },
                                        gradient_, stop));
    stop_ = stop;
    for (const double part : parts) sum += part;
    StepMetrics metrics;
    metrics.loss = sum * weight;
    metrics.gradient_norm = norm_of(gradient_);
    metrics.skipped = judge_step(options_, state_.history, metrics.loss, metrics.gradient_norm);
    metrics.step = number;
    metrics.steps = steps_;
    metrics.epoch = planned.epoch;
    metrics.learning_rate = learning_rate_at(options_, number, steps_);
    metrics.tokens = planned.tokens;
    metrics.supervised_tokens = planned.supervised_tokens;
    if (metrics.skipped == SkipReason::kNone) {
      const Stopwatch watch(optimiser_s_);
      const double clip = options_.gradient_clip;
      const double scale =
          clip > 0 && metrics.gradient_norm > clip ? clip / metrics.gradient_norm : 1.0;
      optimiser_->update({number, metrics.learning_rate, scale}, gradient_, state_.values);
    }
    if (metrics.skipped == SkipReason::kNone)
      RESIDENCY_TRY_VOID(engine_->set_adapter(state_.values));
    state_.step = number;
    state_.tokens += planned.tokens;
    metrics.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    metrics.tokens_per_second = static_cast<double>(planned.tokens) / metrics.seconds;
    return metrics;
  }

  bool evaluates(const PlannedStep& planned) const {
    if (inputs_.validation.empty()) return false;
    if (state_.step == steps_) return true;
    return options_.eval_every_steps > 0 ? state_.step % options_.eval_every_steps == 0
                                         : planned.ends_epoch;
  }

  /// The validation loss; keeps the adapter where it is the best so far.
  Result<std::optional<double>> validate() {
    double sum = 0;
    std::int64_t count = 0;
    if (is_pairwise()) {
      std::vector<std::size_t> all(inputs_.validation.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      RESIDENCY_TRY_VOID(pairs_.look_ahead(*engine_, inputs_.validation, all, true));
    }
    RESIDENCY_TRY(const auto parts,
                  work_.values(inputs_.validation.size(), [&](std::size_t i) -> Result<double> {
                    dataset::PackedSequence room;
                    RESIDENCY_TRY(const auto* sequence, inputs_.validation.read(i, room));
                    return is_pairwise() ? pairs_.loss(*engine_, *sequence, i)
                                         : engine_->loss(*sequence);
                  }));
    for (std::size_t i = 0; i < inputs_.validation.size(); ++i) {
      sum += parts[i];
      count += is_pairwise() ? 1 : inputs_.validation.supervised(i);
    }
    if (count == 0) return std::optional<double>();
    const double loss = sum / static_cast<double>(count);
    if (!std::isfinite(loss)) {
      return invalid_input(fmt::format(
          "training diverged: the validation loss is not finite at step {}", state_.step));
    }
    if (loss < state_.best_validation_loss) {
      state_.best_validation_loss = loss;
      RESIDENCY_TRY_VOID(keep_best());
      state_.evaluations_without_gain = 0;
    } else if (++state_.evaluations_without_gain >= options_.early_stopping_patience &&
               options_.early_stopping_patience > 0) {
      state_.stopped_early = true;
    }
    return std::optional<double>(loss);
  }

  /// A whole model is kept in the store: a second one in memory would be too much. A run that is
  /// killed before its next checkpoint comes by here again with the same values.
  Result<void> keep_best() {
    if (!layout_.is_full()) {
      state_.best_values = state_.values;
      return {};
    }
    if (!work_.leads()) return {};
    return store_.put(kBest, {reinterpret_cast<const char*>(state_.values.data()),
                              state_.values.size() * sizeof(float)});
  }

  /// The values that the run gives.
  Result<std::vector<float>> best_values() {
    if (!layout_.is_full()) return state_.best_values.empty() ? state_.values : state_.best_values;
    if (!std::isfinite(state_.best_validation_loss)) return std::move(state_.values);
    RESIDENCY_TRY(const auto bytes, store_.get(kBest));
    if (!bytes || bytes->size() != state_.values.size() * sizeof(float))
      return corrupt("the best model of the run is missing or cut short");
    std::memcpy(state_.values.data(), bytes->data(), bytes->size());
    return std::move(state_.values);
  }

  void log(const StepMetrics& metrics) {
    LossPoint point;
    point.step = metrics.step;
    point.loss = metrics.loss;
    point.epoch = metrics.epoch;
    point.learning_rate = metrics.learning_rate;
    point.gradient_norm = metrics.gradient_norm;
    point.tokens = metrics.tokens;
    point.skipped = metrics.skipped;
    if (metrics.validation_loss) point.validation_loss = *metrics.validation_loss;
    state_.history.push_back(point);
    if (!work_.leads()) return;
    metrics_.step(metrics);
    progress_.update(
        static_cast<std::uint64_t>(metrics.step), static_cast<std::uint64_t>(steps_), "steps",
        fmt::format("loss {:.3f}, {:.0f} tokens/s", metrics.loss, metrics.tokens_per_second));
  }

  bool saves(const StepMetrics& metrics) const {
    return metrics.validation_loss.has_value() ||
           state_.step % options_.checkpoint_every_steps == 0 || ended();
  }

  /// A checkpoint is as large as all that is trained, several times over for a moment; what a step
  /// needs is given back for that moment, so that the two don't add up.
  Result<void> save() {
    if (!work_.leads()) return {};
    engine_->rest();
    if (layout_.is_full()) return large_.save(state_, *optimiser_, key_);
    state_.optimiser = optimiser_->state();
    auto saved = store_.put(kCheckpoint, encode_checkpoint(state_, key_));
    state_.optimiser.clear();
    return saved;
  }

  Error stop() {
    if (auto saved = save(); !saved.ok()) return saved.error();
    return cancelled(fmt::format("training was stopped after step {}", state_.step));
  }

  Result<TrainResult> result() {
    TrainResult result;
    if (!work_.leads()) {
      result.steps = state_.step;
      return result;
    }
    RESIDENCY_TRY(auto values, best_values());
    result.head = to_head(layout_, options_.head, values);
    if (layout_.is_full()) {
      result.tuned = {layout_.dense, std::move(values)};
    } else {
      result.adapter = to_adapter(layout_, values);
      result.adapter.base_sha256 = base_sha256_;
    }
    result.steps = state_.step;
    result.tokens = state_.tokens;
    if (std::isfinite(state_.best_validation_loss))
      result.best_validation_loss = state_.best_validation_loss;
    result.history = state_.history;
    result.stopped_early = state_.stopped_early;
    result.peak_rss_bytes = peak_rss_bytes();
    result.seconds = engine_->seconds();
    result.seconds.optimiser = optimiser_s_;
    result.engine = engine_->name();
    return result;
  }

  const TrainOptions& options_;
  const TrainInputs& inputs_;
  CheckpointStore& store_;
  MetricSink& metrics_;
  Progress& progress_;
  LargeCheckpoint large_;
  PairObjective pairs_;
  model::LlamaConfig config_;
  std::string base_sha256_;
  std::string key_;
  AdapterLayout layout_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Optimiser> optimiser_;
  TrainState state_;
  std::vector<float> gradient_;
  RankedWork work_;
  bool stop_ = false;
  std::int64_t steps_ = 0;
  std::int64_t planned_ = 0;
  double optimiser_s_ = 0;
};

}  // namespace

std::span<const float> TunedWeights::find(std::string_view tensor) const {
  for (const DensePlace& place : places) {
    if (place.tensor == tensor)
      return std::span(values).subspan(static_cast<std::size_t>(place.offset),
                                       static_cast<std::size_t>(place.size()));
  }
  return {};
}

Result<TrainResult> run(const TrainOptions& options, const TrainInputs& inputs,
                        CheckpointStore& store, MetricSink& metrics, Progress& progress) {
  return Run(options, inputs, store, metrics, progress).go();
}

Result<std::vector<float>> forward_logprobs(const std::string& gguf_path,
                                            const model::LoraAdapter* adapter,
                                            std::span<const std::int32_t> tokens,
                                            Precision precision, Backend backend) {
  RESIDENCY_TRY(const auto base, model::GgufFile::open(gguf_path));
  RESIDENCY_TRY(const model::LlamaConfig config, model::LlamaConfig::from_gguf(*base));
  TrainOptions options;
  options.precision = precision;
  options.backend = backend;
  options.sequence_tokens_max = static_cast<std::int64_t>(tokens.size());
  AdapterLayout layout;
  std::vector<float> values;
  if (adapter != nullptr) {
    RESIDENCY_TRY_VOID(model::check_lora(*adapter, config));
    const double scale = adapter->alpha / static_cast<double>(adapter->rank);
    for (const model::LoraModule& module : adapter->modules) {
      layout.add(module.tensor, module.in, module.out, adapter->rank, scale, adapter->is_dora());
      for (const auto* part : {&module.a, &module.b, &module.magnitude}) {
        values.insert(values.end(), part->begin(), part->end());
      }
    }
  }
  RESIDENCY_TRY(const auto engine, make_engine(options, *base, config, layout));
  RESIDENCY_TRY_VOID(engine->set_adapter(values));
  return engine->logprobs(tokens);
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts KiB
}

}  // namespace residency::train
