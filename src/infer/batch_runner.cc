#include "infer/batch_runner.h"

#include <memory>
#include <optional>
#include <utility>

#include "infer/sampler.h"
#include "infer/text_stream.h"
#include "infer/token_batch.h"

namespace residency::infer {
namespace {

/// One prompt on its way through the model.
class RunningSequence {
 public:
  RunningSequence(std::size_t prompt_index, const std::vector<std::int32_t>& prompt, int sequence,
                  Sampler sampler, const SamplingOptions& sampling)
      : prompt_index_(prompt_index),
        prompt_(prompt),
        sequence_(sequence),
        sampler_(std::move(sampler)),
        tokens_max_(sampling.tokens_max),
        matcher_(sampling.stop) {
    generation_.prompt_tokens = static_cast<int>(prompt.size());
  }

  std::size_t prompt_index() const { return prompt_index_; }
  bool in_prompt() const { return computed_ < prompt_.size(); }

  /// Adds as much of the prompt as fits.
  void add_prompt(TokenBatch& batch) {
    while (batch.room() > 0 && in_prompt()) {
      const bool last = computed_ + 1 == prompt_.size();
      const int i = batch.add(prompt_[computed_], static_cast<int>(computed_), sequence_, last);
      ++computed_;
      if (last) output_ = i;
    }
  }

  /// Adds the token that was generated last.
  void add_generated(TokenBatch& batch) {
    output_ = batch.add(last_token_, static_cast<int>(computed_++), sequence_, true);
  }

  /// Adds a token behind the last one, to be taken away again by remove_pad.
  void add_pad(TokenBatch& batch) const {
    batch.add(last_token_, static_cast<int>(computed_), sequence_, true);
  }
  void remove_pad(llama_memory_t memory) const {
    llama_memory_seq_rm(memory, sequence_, static_cast<llama_pos>(computed_), -1);
  }

  /// Takes the next token from the logits, if the batch gave any. True once the sequence has ended.
  Result<bool> advance(LoadedModel& loaded, const TextSink& sink) {
    if (!output_) return false;
    const float* logits = llama_get_logits_ith(loaded.context.get(), *output_);
    output_.reset();
    if (logits == nullptr) return internal_error("llama.cpp gave no logits");
    RESIDENCY_TRY(last_token_, sampler_.next(logits, loaded.vocabulary().size()));
    if (loaded.vocabulary().ends_generation(last_token_)) return end(FinishReason::kStop, sink);
    ++generation_.completion_tokens;
    const auto piece = loaded.vocabulary().piece(last_token_, false);
    if (!give(matcher_.push(assembler_.push(piece)), sink)) {
      generation_.finish = FinishReason::kCancelled;
      return true;
    }
    if (matcher_.stopped()) return end(FinishReason::kStop, sink);
    const bool full = computed_ >= static_cast<std::size_t>(loaded.context_tokens);
    if (full || generation_.completion_tokens >= tokens_max_) {
      return end(FinishReason::kLength, sink);
    }
    return false;
  }

  Generation take() { return std::move(generation_); }

 private:
  bool give(const std::string& text, const TextSink& sink) {
    if (text.empty()) return true;
    generation_.text += text;
    return !sink || sink(text);
  }

  bool end(FinishReason reason, const TextSink& sink) {
    std::string rest = matcher_.push(assembler_.finish());
    rest += matcher_.finish();
    generation_.finish = give(rest, sink) ? reason : FinishReason::kCancelled;
    return true;
  }

  std::size_t prompt_index_;
  const std::vector<std::int32_t>& prompt_;
  int sequence_;
  Sampler sampler_;
  int tokens_max_;
  std::size_t computed_ = 0;  // tokens of this sequence that the model has seen or is to see next
  std::int32_t last_token_ = 0;
  std::optional<int> output_;
  Utf8Assembler assembler_;
  StopMatcher matcher_;
  Generation generation_;
};

/// The running sequences, by the number llama.cpp knows them by.
using Slots = std::vector<std::unique_ptr<RunningSequence>>;

/// One step: a part of the oldest waiting prompt by itself, or else one token of every sequence.
/// llama.cpp computes a product with one column by another kernel than with more, whose sums are in
/// another order; a lone sequence gets a second column, so that it is computed as in company.
Result<void> step(Slots& slots, TokenBatch& batch, llama_context* context) {
  batch.clear();
  std::vector<RunningSequence*> running;
  RunningSequence* prompt = nullptr;
  for (auto& slot : slots) {
    if (slot == nullptr) continue;
    running.push_back(slot.get());
    const bool older = prompt == nullptr || slot->prompt_index() < prompt->prompt_index();
    if (slot->in_prompt() && older) prompt = slot.get();
  }
  if (prompt != nullptr) {
    prompt->add_prompt(batch);
    return batch.decode(context);
  }
  for (auto* sequence : running) sequence->add_generated(batch);
  if (running.size() > 1) return batch.decode(context);
  running.front()->add_pad(batch);
  RESIDENCY_TRY_VOID(batch.decode(context));
  running.front()->remove_pad(llama_get_memory(context));
  return {};
}

}  // namespace

Result<std::vector<Generation>> BatchRunner::run(
    const std::vector<std::vector<std::int32_t>>& prompts, const TextSink& sink,
    const std::function<void(std::size_t)>& done) {
  auto* memory = llama_get_memory(loaded_.context.get());
  loaded_.forget();
  std::vector<Generation> results(prompts.size());
  Slots slots(static_cast<std::size_t>(loaded_.sequences));
  TokenBatch batch;
  std::size_t started = 0;
  std::size_t finished = 0;
  while (finished < prompts.size()) {
    for (std::size_t i = 0; i < slots.size() && started < prompts.size(); ++i) {
      if (slots[i] != nullptr) continue;
      RESIDENCY_TRY(auto sampler, Sampler::make(sampling_, loaded_.vocab()));
      slots[i] = std::make_unique<RunningSequence>(started, prompts[started], static_cast<int>(i),
                                                   std::move(sampler), sampling_);
      ++started;
    }
    RESIDENCY_TRY_VOID(step(slots, batch, loaded_.context.get()));
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i] == nullptr) continue;
      RESIDENCY_TRY(const bool ended, slots[i]->advance(loaded_, sink));
      if (!ended) continue;
      results[slots[i]->prompt_index()] = slots[i]->take();
      slots[i].reset();
      llama_memory_seq_rm(memory, static_cast<llama_seq_id>(i), -1, -1);
      ++finished;
      if (done) done(finished);
    }
  }
  return results;
}

}  // namespace residency::infer
