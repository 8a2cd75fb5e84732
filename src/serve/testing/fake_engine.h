// FakeEngine and MaskingFilter: an engine without a model and a filter without rules, for tests.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "infer/batch_engine.h"
#include "serve/output_filter.h"

namespace residency::serve::testing {

/// Answers "echo: <last message>" in pieces of three bytes, one token each, one request after the
/// other. "!endless" goes on with "tick " until it is stopped or reaches tokens_max; "!fail" fails;
/// "!long" is a prompt that does not fit; "!say TEXT" says TEXT. "<|end|>" is a control token.
class FakeEngine final : public infer::BatchEngine {
 public:
  /// What tests see of an engine that its endpoint owns.
  struct Probe {
    std::atomic<int> generations{0};
    std::atomic<int> cancelled{0};
    std::atomic<bool> hold{false};        // while true, a generation waits before its first piece
    std::atomic<std::size_t> variant{0};  // of the last request
    std::string grammar;                  // of the last request
    std::string prompt;                   // of the last request
  };

  explicit FakeEngine(std::shared_ptr<Probe> probe, std::string chat_template = "fake")
      : probe_(std::move(probe)),
        chat_template_(std::move(chat_template)),
        thread_([this] { work(); }) {}
  ~FakeEngine() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  const std::string& chat_template() const override { return chat_template_; }
  Result<std::string> render_chat(const std::vector<infer::ChatMessage>& messages,
                                  bool) const override {
    std::string all;
    for (const auto& message : messages) all += message.role + ": " + message.content + "\n";
    {
      const std::lock_guard lock(mutex_);
      probe_->prompt = all;
    }
    return messages.back().content;
  }
  Result<std::vector<std::int32_t>> tokenize(std::string_view text, bool, bool) const override {
    return std::vector<std::int32_t>(text.begin(), text.end());
  }
  Result<std::vector<std::int32_t>> prompt_tokens(std::string_view prompt) const override {
    return tokenize(prompt, false, true);
  }
  bool spells_control_token(std::string_view text) const override {
    return text.find("<|end|>") != std::string_view::npos;
  }
  int context_tokens() const override { return 2048; }
  std::size_t variants() const override { return 8; }
  infer::BatchEngineStats stats() const override { return {}; }

  Result<void> submit(infer::GenerationRequest request,
                      std::shared_ptr<infer::GenerationSink> sink) override {
    const std::string prompt(request.prompt.begin(), request.prompt.end());
    if (prompt == "!long") return invalid_argument("messages: the prompt does not fit");
    const std::lock_guard lock(mutex_);
    probe_->variant = request.variant;
    probe_->grammar = request.sampling.grammar;
    works_.push_back({std::move(request), std::move(sink), prompt});
    changed_.notify_all();
    return {};
  }

  Result<std::vector<std::vector<float>>> embed(const std::vector<std::vector<std::int32_t>>& texts,
                                                std::size_t variant) override {
    std::vector<std::vector<float>> all;
    for (const auto& text : texts) {
      all.push_back({static_cast<float>(text.size()), static_cast<float>(variant), 0.5f});
    }
    return all;
  }

 private:
  struct Work {
    infer::GenerationRequest request;
    std::shared_ptr<infer::GenerationSink> sink;
    std::string prompt;
  };

  void work() {
    while (true) {
      Work next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || !works_.empty(); });
        if (works_.empty()) return;
        next = std::move(works_.front());
        works_.pop_front();
      }
      generate(next);
    }
  }

  void generate(const Work& next) {
    const auto& request = next.request;
    infer::BatchGeneration made;
    made.generation.prompt_tokens = static_cast<int>(next.prompt.size());
    const auto unwanted = [&] {
      return request.stop.stop_requested() || std::chrono::steady_clock::now() >= request.deadline;
    };
    if (unwanted()) {
      made.generation.finish = infer::FinishReason::kCancelled;
      return next.sink->on_done(std::move(made));
    }
    ++probe_->generations;
    made.started = true;
    while (probe_->hold) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (next.prompt == "!fail") return next.sink->on_done(internal_error("the engine failed"));
    const bool endless = next.prompt == "!endless";
    const std::string answer =
        next.prompt.starts_with("!say ") ? next.prompt.substr(5) : "echo: " + next.prompt;
    for (std::size_t at = 0; endless || at < answer.size(); at += 3) {
      if (made.generation.completion_tokens == request.sampling.tokens_max) {
        made.generation.finish = infer::FinishReason::kLength;
        return next.sink->on_done(std::move(made));
      }
      const std::string piece = endless ? "tick " : answer.substr(at, 3);
      if (endless) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++made.generation.completion_tokens;
      if (request.top_logprobs >= 0) made.logprobs.push_back({piece, -0.5, {{piece, -0.5}}});
      if (!next.sink->on_text(piece) || unwanted()) {
        ++probe_->cancelled;
        made.generation.finish = infer::FinishReason::kCancelled;
        return next.sink->on_done(std::move(made));
      }
    }
    next.sink->on_done(std::move(made));
  }

  std::shared_ptr<Probe> probe_;
  const std::string chat_template_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> works_;
  bool closed_ = false;
  std::thread thread_;
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
