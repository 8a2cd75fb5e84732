// Engine: one GGUF model, optionally with one LoRA adapter, behind llama.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"

namespace residency::infer {

struct EngineOptions {
  std::string model_path;      // a GGUF file; "/proc/self/fd/N" for one held in memory
  std::string adapter_path;    // a GGUF LoRA, "" for none
  int context_tokens = 2048;   // per sequence
  int parallel_sequences = 1;  // sequences that share one batch
  int threads = 0;             // 0: all cores
  bool kv_cache_f32 = false;   // for parity tests; f16 otherwise
  bool hidden_states = false;  // for HiddenStates alone

  /// Reads context_tokens, parallel_sequences and threads; the paths are the caller's.
  static Result<EngineOptions> from_config(const ConfigNode& node);
};

struct ChatMessage {
  std::string role;
  std::string content;
};

struct SamplingOptions {
  int tokens_max = 256;
  float temperature = 0;  // 0: greedy
  float top_p = 1;
  int top_k = 0;  // 0: off
  std::uint64_t seed = 0;
  std::vector<std::string> stop;
  std::string grammar;  // GBNF, "" for none

  /// Reads all fields, by their names here.
  static Result<SamplingOptions> from_config(const ConfigNode& node);
  /// All fields, keys sorted: for job keys.
  std::string canonical_json() const;
};

enum class FinishReason : std::uint8_t { kStop, kLength, kCancelled };

struct Generation {
  std::string text;
  FinishReason finish = FinishReason::kStop;
  int prompt_tokens = 0;
  int completion_tokens = 0;
};

/// Takes each piece of text as it is generated (whole UTF-8 code points); false stops generation.
using TextSink = std::function<bool(std::string_view piece)>;

class Engine {
 public:
  virtual ~Engine() = default;

  /// Loads the model. A file cut short, of an unsupported architecture, or an adapter of another
  /// base is kInvalidInput or kCorrupt, never a crash.
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);

  /// Renders the model's own chat template; with `add_assistant`, up to where the answer begins.
  virtual Result<std::string> render_chat(const std::vector<ChatMessage>& messages,
                                          bool add_assistant) const = 0;
  /// Special tokens in `text` are parsed where `parse_special`.
  virtual Result<std::vector<std::int32_t>> tokenize(std::string_view text, bool add_bos,
                                                     bool parse_special) const = 0;
  virtual std::string token_text(std::int32_t token) const = 0;
  virtual int context_tokens() const = 0;
  virtual int vocabulary_size() const = 0;

  /// Generates after `prompt` (already rendered). A prompt that does not fit is kInvalidArgument:
  /// nothing is cut silently. Thread-safe; callers queue.
  virtual Result<Generation> generate(std::string_view prompt, const SamplingOptions& sampling,
                                      const TextSink& sink) = 0;

  /// Many prompts at once, batched over parallel_sequences; results in the prompts' order and equal
  /// to generating one by one. `done` is called with the number finished so far (may be empty).
  virtual Result<std::vector<Generation>> generate_batch(
      const std::vector<std::string>& prompts, const SamplingOptions& sampling,
      const std::function<void(std::size_t)>& done) = 0;

  /// Sum of log-probabilities of each continuation after `prompt`; the prompt is computed once.
  virtual Result<std::vector<double>> continuation_logprobs(
      std::string_view prompt, const std::vector<std::string>& continuations) = 0;

  /// Log-probabilities over the vocabulary at every position of `tokens`, row-major
  /// [tokens, vocabulary]: for parity tests.
  virtual Result<std::vector<float>> all_logprobs(const std::vector<std::int32_t>& tokens) = 0;
};

}  // namespace residency::infer
