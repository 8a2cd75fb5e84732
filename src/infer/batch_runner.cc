#include "infer/batch_runner.h"

#include <algorithm>
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

  /// Adds the next tokens to be computed, at most `room` of them.
  void add_to(TokenBatch& batch, int room) {
    output_.reset();
    if (!in_prompt()) {
      output_ = batch.add(last_token_, static_cast<int>(computed_++), sequence_, true);
      return;
    }
    for (; room > 0 && in_prompt(); --room) {
      const bool last = computed_ + 1 == prompt_.size();
      const int i = batch.add(prompt_[computed_], static_cast<int>(computed_), sequence_, last);
      ++computed_;
      if (last) output_ = i;
    }
  }

  /// Takes the next token from the logits, if the batch gave any. True once the sequence has ended.
  Result<bool> advance(LoadedModel& loaded, const TextSink& sink) {
    if (!output_) return false;
    const float* logits = llama_get_logits_ith(loaded.context.get(), *output_);
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

/// Fills the batch: first the sequences that generate, a token each, then prompts, oldest first.
void fill_batch(Slots& slots, TokenBatch& batch) {
  batch.clear();
  std::vector<RunningSequence*> prompts;
  for (auto& slot : slots) {
    if (slot == nullptr) continue;
    if (slot->in_prompt()) {
      prompts.push_back(slot.get());
    } else {
      slot->add_to(batch, batch.room());
    }
  }
  std::sort(prompts.begin(), prompts.end(),
            [](const auto* a, const auto* b) { return a->prompt_index() < b->prompt_index(); });
  for (auto* prompt : prompts) prompt->add_to(batch, batch.room());
}

}  // namespace

Result<std::vector<Generation>> BatchRunner::run(
    const std::vector<std::vector<std::int32_t>>& prompts, const TextSink& sink,
    const std::function<void(std::size_t)>& done) {
  auto* memory = llama_get_memory(loaded_.context.get());
  llama_memory_clear(memory, false);
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
    fill_batch(slots, batch);
    RESIDENCY_TRY_VOID(batch.decode(loaded_.context.get()));
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
