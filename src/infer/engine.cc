#include "infer/engine.h"

#include <fmt/format.h>
#include <mutex>
#include <utility>

#include "infer/batch_runner.h"
#include "infer/loaded_model.h"
#include "infer/logprobs.h"
#include "infer/sampler.h"
#include "model/chat_template.h"

namespace residency::infer {
namespace {

using Tokens = std::vector<std::int32_t>;

class LlamaEngine final : public Engine {
 public:
  explicit LlamaEngine(LoadedModel loaded)
      : loaded_(std::move(loaded)), vocabulary_(loaded_.vocabulary()) {}

  Result<std::string> render_chat(const std::vector<ChatMessage>& messages,
                                  bool add_assistant) const override {
    std::vector<model::TemplateMessage> turns;
    turns.reserve(messages.size());
    for (const auto& message : messages) turns.push_back({message.role, message.content});
    return model::render_chat_template(loaded_.chat_template, turns, add_assistant);
  }

  Result<Tokens> tokenize(std::string_view text, bool add_bos, bool parse_special) const override {
    auto tokens = vocabulary_.encode(text, add_bos, parse_special);
    if (tokens.empty() && !text.empty()) return invalid_argument("text cannot be tokenized");
    return tokens;
  }

  std::string token_text(std::int32_t token) const override {
    return vocabulary_.piece(token, true);
  }
  int context_tokens() const override { return loaded_.context_tokens; }
  int vocabulary_size() const override { return vocabulary_.size(); }

  Result<Generation> generate(std::string_view prompt, const SamplingOptions& sampling,
                              const TextSink& sink) override {
    RESIDENCY_TRY_VOID(check_sampling(sampling));
    RESIDENCY_TRY(auto tokens, prompt_tokens(prompt, 1));
    const std::scoped_lock lock(mutex_);
    RESIDENCY_TRY(auto results, BatchRunner(loaded_, sampling).run({std::move(tokens)}, sink, {}));
    return std::move(results.front());
  }

  Result<std::vector<Generation>> generate_batch(
      const std::vector<std::string>& prompts, const SamplingOptions& sampling,
      const std::function<void(std::size_t)>& done) override {
    RESIDENCY_TRY_VOID(check_sampling(sampling));
    std::vector<Tokens> all;
    all.reserve(prompts.size());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      auto tokens = prompt_tokens(prompts[i], 1);
      if (!tokens.ok()) return tokens.error().with_context(fmt::format("prompt {}", i));
      all.push_back(std::move(*tokens));
    }
    const std::scoped_lock lock(mutex_);
    return BatchRunner(loaded_, sampling).run(all, {}, done);
  }

  Result<std::vector<double>> continuation_logprobs(
      std::string_view prompt, const std::vector<std::string>& continuations) override {
    std::vector<Tokens> all;
    std::size_t longest = 0;
    for (const auto& text : continuations) {
      RESIDENCY_TRY(auto tokens, tokenize(text, false, false));
      longest = std::max(longest, tokens.size());
      all.push_back(std::move(tokens));
    }
    RESIDENCY_TRY(const auto tokens, prompt_tokens(prompt, longest));
    const std::scoped_lock lock(mutex_);
    return score_continuations(loaded_, tokens, all);
  }

  Result<std::vector<float>> all_logprobs(const Tokens& tokens) override {
    if (tokens.empty()) return invalid_argument("there are no tokens to score");
    RESIDENCY_TRY_VOID(check_length(tokens.size(), 0));
    for (const auto token : tokens) {
      if (token < 0 || token >= vocabulary_.size()) {
        return invalid_argument(
            fmt::format("token is outside the vocabulary of {}: {}", vocabulary_.size(), token));
      }
    }
    const std::scoped_lock lock(mutex_);
    return score_all(loaded_, tokens);
  }

 private:
  Result<void> check_length(std::size_t tokens, std::size_t behind) const {
    const auto context = static_cast<std::size_t>(loaded_.context_tokens);
    if (tokens + behind <= context) return {};
    return invalid_argument(
        fmt::format("prompt does not fit: {} tokens and {} behind them, the context holds {}",
                    tokens, behind, context));
  }

  /// The prompt's tokens, behind which `behind` more must fit.
  Result<Tokens> prompt_tokens(std::string_view prompt, std::size_t behind) const {
    RESIDENCY_TRY(auto tokens, tokenize(prompt, false, true));
    if (vocabulary_.add_bos() && (tokens.empty() || tokens.front() != vocabulary_.bos())) {
      tokens.insert(tokens.begin(), vocabulary_.bos());
    }
    if (tokens.empty()) return invalid_argument("prompt is empty");
    RESIDENCY_TRY_VOID(check_length(tokens.size(), behind));
    return tokens;
  }

  LoadedModel loaded_;
  model::LlamaVocabulary vocabulary_;
  std::mutex mutex_;  // over the context in loaded_
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
  RESIDENCY_TRY(auto loaded, LoadedModel::open(options));
  std::unique_ptr<Engine> engine = std::make_unique<LlamaEngine>(std::move(loaded));
  return engine;
}

}  // namespace residency::infer
