#include "serve/answer_job.h"

#include <algorithm>
#include <fmt/format.h>
#include <random>
#include <utility>

#include "serve/json_grammar.h"

namespace residency::serve {
namespace {

/// Ids need to differ, not to be secret.
std::string new_call_id() {
  std::random_device random;
  return fmt::format("call_{:08x}{:08x}", random(), random());
}

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

/// A message that spells a control token ("<|im_end|>") could end its own turn and speak as the
/// system.
Result<void> refuse_control_tokens(const infer::BatchEngine& engine, const ChatRequest& request) {
  const auto refuse = [](const std::string& where) {
    return invalid_argument(where + ": must not spell a control token of the model");
  };
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const ChatMessage& message = request.messages[i];
    const std::string where = "messages[" + std::to_string(i) + "]";
    if (engine.spells_control_token(message.content)) return refuse(where + ".content");
    for (const ToolCall& call : message.tool_calls) {
      if (engine.spells_control_token(call.arguments)) return refuse(where + ".tool_calls");
    }
  }
  for (const Tool& tool : request.tools) {
    if (engine.spells_control_token(tool.description) ||
        engine.spells_control_token(dump_json(tool.parameters))) {
      return refuse("tools");
    }
  }
  if (request.prompt && engine.spells_control_token(*request.prompt)) return refuse("prompt");
  return {};
}

}  // namespace

Result<std::vector<std::int32_t>> request_tokens(infer::BatchEngine& engine,
                                                 const ChatRequest& request) {
  RESIDENCY_TRY_VOID(refuse_control_tokens(engine, request));
  if (request.prompt) return engine.prompt_tokens(*request.prompt);
  RESIDENCY_TRY(const auto messages, messages_for_template(request, engine.chat_template()));
  RESIDENCY_TRY(const auto prompt, engine.render_chat(messages, true));
  return engine.prompt_tokens(prompt);
}

AnswerJob::AnswerJob(std::size_t key, Desk& desk, ChatRequest request, std::stop_token stop,
                     std::shared_ptr<ChatObserver> observer, Clock::time_point deadline,
                     Ended ended)
    : key_(key),
      desk_(desk),
      request_(std::move(request)),
      stop_(std::move(stop)),
      observer_(std::move(observer)),
      times_{Clock::now(), deadline, std::nullopt},
      ended_(std::move(ended)) {}

std::vector<GuardText> AnswerJob::guard_texts() const {
  std::vector<GuardText> texts;
  if (request_.prompt) texts.push_back({*request_.prompt, "user", ""});
  for (const ChatMessage& message : request_.messages) {
    texts.push_back({message.content, message.role, message.guard_use});
  }
  return texts;
}

/// Lets the guardrails see the request: they may change its texts, or answer in its place.
Result<void> AnswerJob::check_input(const Guardrails& guardrails) {
  auto all = guardrails.standing();
  if (!request_.guard.id.empty()) {
    RESIDENCY_TRY(auto named, guardrails.find(request_.guard.id, request_.guard.version));
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& standing) {
      return standing->id() == named->id();
    });
    if (same == all.end()) {
      all.push_back(std::move(named));
    } else {
      *same = std::move(named);
    }
  }
  for (const auto& guardrail : all) {
    const auto texts = guard_texts();
    RESIDENCY_TRY(auto decision, guardrail->check(GuardSide::kInput, texts, false));
    if (request_.guard.trace && !decision.assessment.empty()) {
      answer_.guard_trace["inputAssessment"][guardrail->id()] = decision.assessment;
    }
    if (decision.action == GuardDecision::Action::kBlocked) {
      answered_by_guard_ = true;
      answer_.text = decision.texts.empty() ? "" : decision.texts.front();
      return {};
    }
    if (decision.action == GuardDecision::Action::kMasked &&
        decision.texts.size() == texts.size()) {
      std::size_t at = 0;
      if (request_.prompt) request_.prompt = decision.texts[at++];
      for (ChatMessage& message : request_.messages) message.content = decision.texts[at++];
    }
    filters_.push_back(guardrail->output_filter(texts));
    if (filters_.back() == nullptr) return internal_error("the output filter is missing");
  }
  return {};
}

Result<infer::GenerationRequest> AnswerJob::prepare(infer::BatchEngine& engine) {
  infer::GenerationRequest made;
  RESIDENCY_TRY(made.prompt, request_tokens(engine, request_));
  made.sampling = request_.sampling;
  if (request_.schema) {
    RESIDENCY_TRY(made.sampling.grammar, json_grammar(*request_.schema));
  } else if (request_.tool_use == ToolUse::kRequired) {
    RESIDENCY_TRY(made.sampling.grammar, tool_grammar(request_));
  }
  made.top_logprobs = request_.top_logprobs;
  made.stop = stop_;
  made.deadline = times_.deadline;
  if (!request_.tools.empty() && request_.tool_use != ToolUse::kNone)
    calls_.emplace(request_.tools);
  return made;
}

void AnswerJob::begin(infer::BatchEngine& engine, const Guardrails& guardrails, std::size_t variant,
                      std::int64_t version) {
  answer_.version = version;
  if (stop_.stop_requested()) {
    answer_.finish = ChatFinish::kCancelled;
    return end(std::move(answer_));
  }
  if (auto checked = check_input(guardrails); !checked.ok()) return end(checked.error());
  if (answered_by_guard_) {
    const std::string text = std::exchange(answer_.text, "");
    answer_.finish = emit(text) ? ChatFinish::kContentFilter : ChatFinish::kCancelled;
    return end(std::move(answer_));
  }
  auto prepared = prepare(engine);
  if (!prepared.ok()) return end(prepared.error());
  prepared->variant = variant;
  const auto taken = engine.submit(*std::move(prepared), shared_from_this());
  if (!taken.ok()) end(taken.error());
}

bool AnswerJob::on_text(std::string text) {
  desk_.post(key_, [self = shared_from_this(), text = std::move(text)] { self->take(text); });
  return !enough_.load(std::memory_order_relaxed);
}

void AnswerJob::on_done(Result<infer::BatchGeneration> outcome) {
  desk_.post(key_, [self = shared_from_this(), outcome = std::move(outcome)]() mutable {
    self->finish(std::move(outcome));
  });
}

bool AnswerJob::blocked() const {
  return std::any_of(filters_.begin(), filters_.end(),
                     [](const auto& filter) { return filter->blocked(); });
}

bool AnswerJob::changed() const {
  return blocked() || std::any_of(filters_.begin(), filters_.end(),
                                  [](const auto& filter) { return filter->spans_filtered() > 0; });
}

/// What may leave now; with `last`, all that may still leave.
std::string AnswerJob::filtered(const std::string& text, bool last) {
  std::string passed = text;
  for (const auto& filter : filters_) {
    passed = passed.empty() ? "" : filter->feed(passed);
    if (last) passed += filter->finish();
  }
  if (!calls_) return passed;
  passed = calls_->feed(passed);
  if (last) passed += calls_->finish();
  return passed;
}

bool AnswerJob::emit(const std::string& text) {
  if (text.empty()) return true;
  if (!times_.first_text) times_.first_text = Clock::now();
  answer_.text += text;
  return observer_->on_text(text);
}

void AnswerJob::take(const std::string& text) {
  if (stopped_) return;
  if (stop_.stop_requested()) {
    stopped_ = ChatFinish::kCancelled;
  } else if (Clock::now() >= times_.deadline) {
    stopped_ = ChatFinish::kTimeout;
  } else if (!emit(filtered(text, false))) {
    stopped_ = ChatFinish::kCancelled;
  } else if (blocked()) {
    stopped_ = ChatFinish::kContentFilter;
  }
  if (stopped_) enough_ = true;
}

void AnswerJob::settle(infer::FinishReason reason) {
  answer_.finish = stopped_.value_or(finish_of(reason));
  if (!stopped_ && answer_.finish == ChatFinish::kCancelled && Clock::now() >= times_.deadline &&
      !stop_.stop_requested()) {
    answer_.finish = ChatFinish::kTimeout;
  }
  const bool over = answer_.finish == ChatFinish::kCancelled;
  if (!over && !blocked() && !emit(filtered("", true))) answer_.finish = ChatFinish::kCancelled;
  // A filter may decide against the answer only when it sees its end.
  if (answer_.finish == ChatFinish::kCancelled || !blocked()) return;
  answer_.finish = ChatFinish::kContentFilter;
  for (const auto& filter : filters_) {
    if (!filter->blocked()) continue;
    // What is said in the answer's place comes at once, or with the filter's end.
    const std::string said = filter->replacement();
    emit(said.empty() ? filter->finish() : said);
    break;
  }
}

void AnswerJob::finish(Result<infer::BatchGeneration> outcome) {
  if (!outcome.ok()) return end(outcome.error());
  const auto& generation = outcome->generation;
  const bool waited = generation.finish == infer::FinishReason::kCancelled &&
                      generation.completion_tokens == 0 && !stop_.stop_requested() &&
                      Clock::now() >= times_.deadline;
  if (waited && !outcome->started) {
    return end(resource_exhausted("the request waited longer than its time limit"));
  }
  settle(generation.finish);
  if (answer_.finish == ChatFinish::kStop && !outcome->stopped_by.empty()) {
    answer_.finish = ChatFinish::kStopText;
    answer_.stopped_by = outcome->stopped_by;
  }
  if (calls_) {
    answer_.tool_calls = calls_->take_calls();
    for (ToolCall& call : answer_.tool_calls) call.id = new_call_id();
    const bool stopped =
        answer_.finish == ChatFinish::kStop || answer_.finish == ChatFinish::kStopText;
    if (!answer_.tool_calls.empty() && stopped) answer_.finish = ChatFinish::kToolCalls;
  }
  // Tokens would tell what the guardrail took out.
  if (!changed()) answer_.logprobs = std::move(outcome->logprobs);
  answer_.prompt_tokens = generation.prompt_tokens;
  answer_.cached_tokens = outcome->cached_tokens;
  answer_.completion_tokens = generation.completion_tokens;
  for (const auto& filter : filters_) {
    answer_.spans_filtered += filter->spans_filtered();
    const Json assessment = request_.guard.trace ? filter->assessment() : Json();
    if (!assessment.empty()) answer_.guard_trace["outputAssessments"].push_back(assessment);
  }
  end(std::move(answer_));
}

void AnswerJob::end(Result<ChatAnswer> outcome) {
  enough_ = true;
  if (ended_) std::exchange(ended_, nullptr)(times_, outcome);
  const auto observer = std::exchange(observer_, nullptr);
  if (observer) observer->on_done(std::move(outcome));
}

}  // namespace residency::serve
