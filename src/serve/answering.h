// Answering: the way of one answer from the engine through the filter to its observer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "infer/engine.h"
#include "serve/chat_queue.h"
#include "serve/output_filter.h"

namespace residency::serve {

/// Answers one request; lives for that request only.
class Answering {
 public:
  Answering(infer::Engine& engine, OutputFilter& filter, ChatJob& job)
      : engine_(engine), filter_(filter), job_(job) {}

  /// kInvalidArgument where the prompt does not fit the context or holds a control token's text.
  Result<ChatAnswer> run();

  /// When the first text left, if any did.
  std::optional<Clock::time_point> first_text() const { return first_text_; }

 private:
  Result<void> refuse_control_tokens() const;
  bool take(std::string_view piece);
  bool emit(const std::string& text);

  infer::Engine& engine_;
  OutputFilter& filter_;
  ChatJob& job_;
  ChatAnswer answer_;
  std::optional<ChatFinish> stopped_;  // why we, not the engine, ended the generation
  std::optional<Clock::time_point> first_text_;
};

}  // namespace residency::serve
