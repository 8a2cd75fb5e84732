// Generating: one request on its way through BatchEngine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "infer/batch_engine.h"
#include "infer/sampler.h"
#include "infer/slot_pool.h"
#include "infer/text_stream.h"
#include "infer/token_batch.h"

namespace residency::infer {

/// Belongs to the engine's thread once it was submitted.
class Generating {
 public:
  Generating(GenerationRequest request, Sampler sampler, std::shared_ptr<GenerationSink> sink);

  const Tokens& prompt() const { return request_.prompt; }
  std::size_t variant() const { return request_.variant; }
  /// Whether the caller still waits for it.
  bool wanted(std::chrono::steady_clock::time_point now) const {
    return !request_.stop.stop_requested() && now < request_.deadline;
  }

  void start(const Placement& placement);
  std::size_t slot() const { return slot_; }
  bool in_prompt(const Slot& slot) const { return slot.computed.size() < request_.prompt.size(); }

  /// Adds at most `most` tokens of the prompt; returns how many.
  int add_prompt(TokenBatch& batch, Slot& slot, int most);
  /// Adds the token that was generated last.
  void add_generated(TokenBatch& batch, Slot& slot);

  /// Takes the next token, if the last batch gave logits. True once the answer has ended.
  Result<bool> advance(LoadedModel& loaded, const Slot& slot);
  void end(Result<void> outcome);
  void cancel();
  int completion_tokens() const { return made_.generation.completion_tokens; }

 private:
  bool give(std::string text);
  bool finish(FinishReason reason);
  void note_logprobs(const float* logits, const model::LlamaVocabulary& vocabulary);

  GenerationRequest request_;
  Sampler sampler_;
  std::shared_ptr<GenerationSink> sink_;
  std::size_t slot_ = 0;
  std::int32_t last_token_ = 0;
  std::optional<int> output_;
  Utf8Assembler assembler_;
  StopMatcher matcher_;
  BatchGeneration made_;
};

}  // namespace residency::infer
