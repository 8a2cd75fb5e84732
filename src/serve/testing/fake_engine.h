// FakeEngine and MaskingFilter: an engine without a model and a filter without rules, for tests.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "infer/engine.h"
#include "serve/output_filter.h"

namespace residency::serve::testing {

/// Answers "echo: <last message>" in pieces of three bytes, one token each. "!endless" goes on with
/// "tick " until it is stopped or reaches tokens_max; "!fail" fails; "!long" is a prompt that does
/// not fit. "<|end|>" is a control token.
class FakeEngine final : public infer::Engine {
 public:
  /// What tests see of an engine that its endpoint owns.
  struct Probe {
    std::atomic<int> generations{0};
    std::atomic<int> cancelled{0};
    std::atomic<bool> hold{false};  // while true, generate() waits before its first piece
  };

  explicit FakeEngine(std::shared_ptr<Probe> probe) : probe_(std::move(probe)) {}

  Result<std::string> render_chat(const std::vector<infer::ChatMessage>& messages,
                                  bool) const override {
    return messages.back().content;
  }
  Result<std::vector<std::int32_t>> tokenize(std::string_view text, bool,
                                             bool parse_special) const override {
    std::vector<std::int32_t> tokens(text.begin(), text.end());
    if (parse_special && text.find("<|end|>") != std::string_view::npos) tokens.push_back(1000);
    return tokens;
  }
  std::string token_text(std::int32_t) const override { return ""; }
  int context_tokens() const override { return 2048; }
  int vocabulary_size() const override { return 1001; }

  Result<infer::Generation> generate(std::string_view prompt,
                                     const infer::SamplingOptions& sampling,
                                     const infer::TextSink& sink) override {
    ++probe_->generations;
    while (probe_->hold) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (prompt == "!fail") return internal_error("the engine failed");
    if (prompt == "!long") return invalid_argument("messages: the prompt does not fit");
    const bool endless = prompt == "!endless";
    const std::string answer = "echo: " + std::string(prompt);
    infer::Generation generation;
    generation.prompt_tokens = static_cast<int>(prompt.size());
    for (std::size_t at = 0; endless || at < answer.size(); at += 3) {
      if (generation.completion_tokens == sampling.tokens_max) {
        generation.finish = infer::FinishReason::kLength;
        return generation;
      }
      const std::string piece = endless ? "tick " : answer.substr(at, 3);
      if (endless) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++generation.completion_tokens;
      generation.text += piece;
      if (!sink(piece)) {
        ++probe_->cancelled;
        generation.finish = infer::FinishReason::kCancelled;
        return generation;
      }
    }
    return generation;
  }
  Result<std::vector<infer::Generation>> generate_batch(
      const std::vector<std::string>&, const infer::SamplingOptions&,
      const std::function<void(std::size_t)>&) override {
    return internal_error("not in the fake");
  }
  Result<std::vector<double>> continuation_logprobs(std::string_view,
                                                    const std::vector<std::string>&) override {
    return internal_error("not in the fake");
  }
  Result<std::vector<float>> all_logprobs(const std::vector<std::int32_t>&) override {
    return internal_error("not in the fake");
  }

 private:
  std::shared_ptr<Probe> probe_;
};

/// Replaces "SECRET" by "[X]", holding back what could become one; blocks after "FORBIDDEN".
class MaskingFilter final : public OutputFilter {
 public:
  std::string feed(std::string_view piece) override {
    held_ += piece;
    return take(5);
  }
  std::string finish() override { return take(0); }
  std::uint64_t spans_filtered() const override { return spans_; }
  bool blocked() const override { return blocked_; }

  static OutputFilterFactory factory() {
    return [] { return std::make_unique<MaskingFilter>(); };
  }

 private:
  std::string take(std::size_t keep) {
    for (auto at = held_.find("SECRET"); at != std::string::npos; at = held_.find("SECRET")) {
      held_.replace(at, 6, "[X]");
      ++spans_;
    }
    if (held_.find("FORBID") != std::string::npos) {
      blocked_ = true;
      held_.clear();
      return "";
    }
    const std::size_t out = held_.size() > keep ? held_.size() - keep : 0;
    std::string text = held_.substr(0, out);
    held_.erase(0, out);
    return text;
  }

  std::string held_;
  std::uint64_t spans_ = 0;
  bool blocked_ = false;
};

}  // namespace residency::serve::testing
