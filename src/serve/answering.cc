#include "serve/answering.h"

namespace residency::serve {
namespace {

ChatFinish finish_of(infer::FinishReason reason) {
  switch (reason) {
    case infer::FinishReason::kStop:
      return ChatFinish::kStop;
    case infer::FinishReason::kLength:
      return ChatFinish::kLength;
    case infer::FinishReason::kCancelled:
      return ChatFinish::kCancelled;
  }
  return ChatFinish::kStop;
}

}  // namespace

/// A message that spells a control token ("<|im_end|>") could end its own turn and speak as the
/// system. Such text tokenises differently with special tokens on and off.
Result<void> Answering::refuse_control_tokens() const {
  const auto& messages = job_.request.messages;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    RESIDENCY_TRY(const auto special, engine_.tokenize(messages[i].content, false, true));
    RESIDENCY_TRY(const auto plain, engine_.tokenize(messages[i].content, false, false));
    if (special != plain) {
      return invalid_argument("messages[" + std::to_string(i) +
                              "].content: must not spell a control token of the model");
    }
  }
  return {};
}

bool Answering::emit(const std::string& text) {
  if (text.empty()) return true;
  if (!first_text_) first_text_ = Clock::now();
  answer_.text += text;
  return job_.observer->on_text(text);
}

bool Answering::take(std::string_view piece) {
  if (job_.stop.stop_requested()) {
    stopped_ = ChatFinish::kCancelled;
  } else if (Clock::now() >= job_.deadline) {
    stopped_ = ChatFinish::kTimeout;
  } else if (!emit(filter_.feed(piece))) {
    stopped_ = ChatFinish::kCancelled;
  } else if (filter_.blocked()) {
    stopped_ = ChatFinish::kContentFilter;
  }
  return !stopped_;
}

Result<ChatAnswer> Answering::run() {
  RESIDENCY_TRY_VOID(refuse_control_tokens());
  RESIDENCY_TRY(const auto prompt, engine_.render_chat(job_.request.messages, true));
  RESIDENCY_TRY(const auto generation,
                engine_.generate(prompt, job_.request.sampling,
                                 [this](std::string_view piece) { return take(piece); }));
  answer_.finish = stopped_.value_or(finish_of(generation.finish));
  if (answer_.finish != ChatFinish::kCancelled && !filter_.blocked()) {
    if (!emit(filter_.finish())) answer_.finish = ChatFinish::kCancelled;
    // The filter may decide against the answer only when it sees its end.
    if (filter_.blocked()) answer_.finish = ChatFinish::kContentFilter;
  }
  answer_.prompt_tokens = generation.prompt_tokens;
  answer_.completion_tokens = generation.completion_tokens;
  answer_.spans_filtered = filter_.spans_filtered();
  return std::move(answer_);
}

}  // namespace residency::serve
