#include "infer/generating.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace residency::infer {

Generating::Generating(GenerationRequest request, Sampler sampler,
                       std::shared_ptr<GenerationSink> sink)
    : request_(std::move(request)),
      sampler_(std::move(sampler)),
      sink_(std::move(sink)),
      matcher_(request_.sampling.stop) {
  made_.generation.prompt_tokens = static_cast<int>(request_.prompt.size());
}

void Generating::start(const Placement& placement) {
  slot_ = placement.slot;
  made_.started = true;
  made_.cached_tokens = static_cast<int>(placement.kept);
}

int Generating::add_prompt(TokenBatch& batch, Slot& slot, int most) {
  int added = 0;
  while (added < most && batch.room() > 0 && in_prompt(slot)) {
    const std::size_t at = slot.computed.size();
    const bool last = at + 1 == request_.prompt.size();
    const int i =
        batch.add(request_.prompt[at], static_cast<int>(at), static_cast<int>(slot_), last);
    slot.computed.push_back(request_.prompt[at]);
    ++added;
    if (last) output_ = i;
  }
  return added;
}

void Generating::add_generated(TokenBatch& batch, Slot& slot) {
  output_ =
      batch.add(last_token_, static_cast<int>(slot.computed.size()), static_cast<int>(slot_), true);
  slot.computed.push_back(last_token_);
}

Result<bool> Generating::advance(LoadedModel& loaded, const Slot& slot) {
  if (!output_) return false;
  const float* logits = llama_get_logits_ith(loaded.context.get(), *output_);
  output_.reset();
  if (logits == nullptr) return internal_error("llama.cpp gave no logits");
  const auto vocabulary = loaded.vocabulary();
  RESIDENCY_TRY(last_token_, sampler_.next(logits, vocabulary.size()));
  if (vocabulary.ends_generation(last_token_)) return finish(FinishReason::kStop);
  if (request_.top_logprobs >= 0) note_logprobs(logits, vocabulary);
  ++made_.generation.completion_tokens;
  if (!give(matcher_.push(assembler_.push(vocabulary.piece(last_token_, false))))) {
    cancel();
    return true;
  }
  if (matcher_.stopped()) return finish(FinishReason::kStop);
  const bool full = slot.computed.size() >= static_cast<std::size_t>(loaded.context_tokens);
  if (full || made_.generation.completion_tokens >= request_.sampling.tokens_max) {
    return finish(FinishReason::kLength);
  }
  return false;
}

void Generating::note_logprobs(const float* logits, const model::LlamaVocabulary& vocabulary) {
  const auto size = static_cast<std::size_t>(vocabulary.size());
  const double largest = *std::max_element(logits, logits + size);
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(logits[i]) - largest);
  const double total = largest + std::log(sum);
  TokenLogprob made;
  made.bytes = vocabulary.piece(last_token_, false);
  made.logprob = logits[last_token_] - total;
  std::vector<std::int32_t> best(static_cast<std::size_t>(request_.top_logprobs));
  std::vector<std::int32_t> all(size);
  for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<std::int32_t>(i);
  const auto better = [&](std::int32_t a, std::int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  std::partial_sort_copy(all.begin(), all.end(), best.begin(), best.end(), better);
  for (const std::int32_t token : best) {
    made.top.emplace_back(vocabulary.piece(token, true), logits[token] - total);
  }
  made_.logprobs.push_back(std::move(made));
}

bool Generating::give(std::string text) { return text.empty() || sink_->on_text(std::move(text)); }

bool Generating::finish(FinishReason reason) {
  std::string rest = matcher_.push(assembler_.finish());
  rest += matcher_.finish();
  made_.generation.finish = give(std::move(rest)) ? reason : FinishReason::kCancelled;
  if (matcher_.stopped()) made_.stopped_by = matcher_.stopped_by();
  sink_->on_done(std::move(made_));
  return true;
}

void Generating::cancel() {
  made_.generation.finish = FinishReason::kCancelled;
  sink_->on_done(std::move(made_));
}

void Generating::end(Result<void> outcome) {
  if (!outcome.ok()) return sink_->on_done(outcome.error());
  cancel();
}

}  // namespace residency::infer
