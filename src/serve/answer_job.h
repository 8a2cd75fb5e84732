// AnswerJob: the way of one answer from the engine through the guardrails to its observer.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "infer/batch_engine.h"
#include "serve/chat.h"
#include "serve/desk.h"
#include "serve/endpoint.h"
#include "serve/tools.h"

namespace residency::serve {

using Clock = std::chrono::steady_clock;

/// What an endpoint counts of a request that has ended.
struct JobTimes {
  Clock::time_point arrived;
  Clock::time_point deadline;
  std::optional<Clock::time_point> first_text;
};

/// Everything but on_text() and on_done() is called at the desk, in order.
class AnswerJob final : public infer::GenerationSink,
                        public std::enable_shared_from_this<AnswerJob> {
 public:
  /// Called once, before the observer's on_done().
  using Ended = std::function<void(const JobTimes&, const Result<ChatAnswer>&)>;

  AnswerJob(std::size_t key, Desk& desk, ChatRequest request, std::stop_token stop,
            std::shared_ptr<ChatObserver> observer, Clock::time_point deadline, Ended ended);

  /// Looks at the request, renders it and hands it to the engine.
  void begin(infer::BatchEngine& engine, const Guardrails& guardrails, std::size_t variant,
             std::int64_t version);

  bool on_text(std::string text) override;
  void on_done(Result<infer::BatchGeneration> outcome) override;

 private:
  Result<void> check_input(const Guardrails& guardrails);
  Result<infer::GenerationRequest> prepare(infer::BatchEngine& engine);
  void take(const std::string& text);
  void finish(Result<infer::BatchGeneration> outcome);
  bool emit(const std::string& text);
  std::string filtered(const std::string& text, bool last);
  void settle(infer::FinishReason reason);
  void end(Result<ChatAnswer> outcome);
  bool blocked() const;
  bool changed() const;
  std::vector<GuardText> guard_texts() const;

  const std::size_t key_;
  Desk& desk_;
  ChatRequest request_;
  const std::stop_token stop_;
  std::shared_ptr<ChatObserver> observer_;
  JobTimes times_;
  Ended ended_;
  std::vector<std::unique_ptr<OutputFilter>> filters_;  // an answer passes all, in order
  std::optional<ToolCallReader> calls_;
  ChatAnswer answer_;
  bool answered_by_guard_ = false;     // the request went no further
  std::optional<ChatFinish> stopped_;  // why we, not the engine, ended the generation
  std::atomic<bool> enough_{false};    // tells the engine's thread
};

/// The tokens of a request as its model sees them. kInvalidArgument where a message holds a control
/// token's text or there is no such template.
Result<std::vector<std::int32_t>> request_tokens(infer::BatchEngine& engine,
                                                 const ChatRequest& request);

}  // namespace residency::serve
