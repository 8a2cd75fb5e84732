// BatchEngine: one GGUF model and several of its adapters, answering many requests at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"

namespace residency::infer {

struct BatchEngineOptions {
  std::string model_path;
  /// What a request may choose from: a GGUF LoRA's path, or "" for the base itself. One at least.
  std::vector<std::string> variants{""};
  std::string base_sha256;       // adapters that name another base are refused; "" where not known
  int context_tokens = 2048;     // per sequence
  int parallel_sequences = 8;    // requests that are computed at once
  int threads = 0;               // 0: all cores
  int prompt_tokens_step = 512;  // prompt tokens computed between two tokens of those that run
  bool prefix_cache = true;      // keep what was computed for requests that begin alike
  /// A lone sequence is computed as in company, so that its answer is that of Engine bit for bit.
  bool exact = false;
};

inline constexpr int kTopLogprobsMax = 20;
inline constexpr std::size_t kVariantsMax = 64;

struct TokenLogprob {
  std::string bytes;  // not always whole code points
  double logprob = 0;
  std::vector<std::pair<std::string, double>> top;  // the likeliest tokens, best first
};

struct GenerationRequest {
  std::vector<std::int32_t> prompt;
  SamplingOptions sampling;
  std::size_t variant = 0;
  int top_logprobs = -1;  // -1: no log-probabilities; else up to kTopLogprobsMax alternatives each
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

struct BatchGeneration {
  Generation generation;   // its text is empty: the sink has it
  bool started = false;    // false: it ended while it waited
  int cached_tokens = 0;   // of the prompt, that were not computed again
  std::string stopped_by;  // the stop string, where one ended the answer
  std::vector<TokenLogprob> logprobs;
};

/// Takes one answer. Called from the engine's thread, which waits: hand the work on.
class GenerationSink {
 public:
  virtual ~GenerationSink() = default;
  /// Whole code points; false stops the generation.
  virtual bool on_text(std::string text) = 0;
  /// Once, last. Stopped, late and refused requests end with FinishReason::kCancelled.
  virtual void on_done(Result<BatchGeneration> outcome) = 0;
};

struct BatchEngineStats {
  std::uint64_t prompt_tokens = 0;  // computed
  std::uint64_t cached_tokens = 0;  // of prompts, that were not
  std::uint64_t generated_tokens = 0;
  std::uint64_t steps = 0;  // calls of llama.cpp
  std::uint64_t running = 0;
  std::uint64_t waiting = 0;
};

/// Thread-safe. Destroying it cancels what runs and waits.
class BatchEngine {
 public:
  virtual ~BatchEngine() = default;

  /// Loads the model and its adapters. Errors as Engine::open documents; kInvalidInput where an
  /// adapter was made for another base.
  static Result<std::unique_ptr<BatchEngine>> open(const BatchEngineOptions& options);

  virtual const std::string& chat_template() const = 0;
  virtual Result<std::string> render_chat(const std::vector<ChatMessage>& messages,
                                          bool add_assistant) const = 0;
  virtual Result<std::vector<std::int32_t>> tokenize(std::string_view text, bool add_bos,
                                                     bool parse_special) const = 0;
  /// A rendered prompt's tokens, with BOS where the model wants one.
  virtual Result<std::vector<std::int32_t>> prompt_tokens(std::string_view prompt) const = 0;
  /// Whether a text holds what the model reads as a control token ("<|im_end|>").
  virtual bool spells_control_token(std::string_view text) const = 0;
  virtual int context_tokens() const = 0;
  virtual std::size_t variants() const = 0;

  /// Takes a request; results go to `sink` alone. kInvalidArgument, and no call to `sink`, where
  /// the prompt does not fit the context or an option is wrong.
  virtual Result<void> submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) = 0;

  /// The mean of the last layer's states over each text's tokens, of length one.
  virtual Result<std::vector<std::vector<float>>> embed(
      const std::vector<std::vector<std::int32_t>>& texts, std::size_t variant) = 0;

  virtual BatchEngineStats stats() const = 0;
};

}  // namespace residency::infer
