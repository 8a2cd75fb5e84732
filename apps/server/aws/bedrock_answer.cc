#include "server/aws/bedrock_answer.h"

#include <utility>

#include "base/env.h"
#include "serve/event_stream.h"
#include "serve/openai_chat.h"
#include "server/middleware/request_id.h"

namespace residency::server {
namespace {

constexpr const char* kLate = "the answer took longer than the time limit";

/// The data of an OpenAI stream's events, one chunk each.
std::string chunks_of(std::string_view events) {
  constexpr std::string_view kData = "data: ";
  std::string frames;
  while (!events.empty()) {
    const auto end = events.find("\n\n");
    std::string_view one = events.substr(0, end);
    events.remove_prefix(end == std::string_view::npos ? events.size() : end + 2);
    if (one.starts_with(kData)) one.remove_prefix(kData.size());
    if (!one.empty() && one != "[DONE]") frames += serve::invoke_chunk(one);
  }
  return frames;
}

}  // namespace

HttpResponse bedrock_json(const Json& body) {
  HttpResponse response;
  response.headers.emplace_back("x-amzn-requestid", make_request_id());
  response.body = dump_json(body);
  return response;
}

HttpResponse bedrock_refusal(const Error& error, std::string_view type, bool timeout,
                             std::int64_t retry_after_s) {
  const auto known = serve::bedrock_error(error, timeout);
  const std::string name(type.empty() ? known.name : type);
  // Messages of our own faults name files and states that are no caller's business.
  const std::string message =
      known.status >= 500 ? "the server failed; see its log" : error.message();
  HttpResponse response = bedrock_json({{"message", message}, {"__type", name}});
  response.status = type.empty() ? known.status : 403;
  response.headers.emplace_back("x-amzn-errortype", name);
  if (retry_after_s > 0) {
    response.headers.emplace_back("retry-after", std::to_string(retry_after_s));
  }
  return response;
}

BedrockAnswer::BedrockAnswer(std::shared_ptr<Reply> reply, BedrockForm form, bool stream,
                             std::string model, bool chat)
    : reply_(std::move(reply)),
      form_(form),
      stream_(stream),
      model_(std::move(model)),
      chat_(chat),
      started_(std::chrono::steady_clock::now()) {}

std::int64_t BedrockAnswer::passed_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               started_)
      .count();
}

void BedrockAnswer::begin() {
  if (std::exchange(begun_, true)) return;
  HttpResponse head;
  head.content_type = "application/vnd.amazon.eventstream";
  head.headers.emplace_back("x-amzn-requestid", make_request_id());
  if (form_ != BedrockForm::kConverse) {
    head.headers.emplace_back("x-amzn-bedrock-content-type", "application/json");
  }
  reply_->begin(std::move(head));
  if (form_ == BedrockForm::kConverse) {
    reply_->write(serve::encode_event("messageStart", {{"role", "assistant"}}));
  }
}

std::string BedrockAnswer::text_frame(std::string_view text) const {
  if (form_ == BedrockForm::kConverse) {
    return serve::encode_event("contentBlockDelta",
                               {{"delta", {{"text", text}}}, {"contentBlockIndex", 0}});
  }
  if (form_ == BedrockForm::kOpenAi) {
    return chunks_of(serve::format_stream_text({"chatcmpl", 0, model_, chat_}, text));
  }
  return serve::invoke_chunk(dump_json({{"generation", text},
                                        {"prompt_token_count", nullptr},
                                        {"generation_token_count", nullptr},
                                        {"stop_reason", nullptr}}));
}

bool BedrockAnswer::on_text(std::string_view text) {
  if (!first_text_ms_) first_text_ms_ = passed_ms();
  if (stream_) {
    begin();
    reply_->write(text_frame(text));
  }
  return !reply_->gone().stop_requested();
}

std::string BedrockAnswer::end_frames(const serve::ChatAnswer& answer) {
  const std::int64_t latency_ms = passed_ms();
  if (form_ == BedrockForm::kConverse) {
    return serve::converse_stream_end(answer, first_text_ms_.has_value(), latency_ms);
  }
  const Json metrics =
      serve::invocation_metrics(answer, latency_ms, first_text_ms_.value_or(latency_ms));
  if (form_ == BedrockForm::kOpenAi) {
    return chunks_of(serve::format_stream_end({"chatcmpl", 0, model_, chat_}, answer, true)) +
           serve::invoke_chunk(dump_json({{"amazon-bedrock-invocationMetrics", metrics}}));
  }
  Json last = serve::llama_response(answer);
  last["generation"] = "";
  last["amazon-bedrock-invocationMetrics"] = metrics;
  return serve::invoke_chunk(dump_json(last));
}

HttpResponse BedrockAnswer::whole(const serve::ChatAnswer& answer) const {
  if (form_ == BedrockForm::kConverse) {
    return bedrock_json(serve::converse_response(answer, passed_ms()));
  }
  HttpResponse response = bedrock_json(serve::llama_response(answer));
  if (form_ == BedrockForm::kOpenAi) {
    response.body = serve::format_chat_response(
        {"chatcmpl-" + make_request_id(), Env::posix().now_unix_ms() / 1000, model_, chat_},
        answer);
  }
  response.headers.emplace_back("x-amzn-bedrock-invocation-latency", std::to_string(passed_ms()));
  response.headers.emplace_back("x-amzn-bedrock-input-token-count",
                                std::to_string(answer.prompt_tokens));
  response.headers.emplace_back("x-amzn-bedrock-output-token-count",
                                std::to_string(answer.completion_tokens));
  return response;
}

void BedrockAnswer::on_done(Result<serve::ChatAnswer> outcome) {
  if (outcome.ok() && outcome->finish == serve::ChatFinish::kCancelled) return reply_->end({});
  const bool timeout = outcome.ok() && outcome->finish == serve::ChatFinish::kTimeout;
  if (outcome.ok() && !timeout) {
    if (!stream_) return reply_->send(whole(*outcome));
    begin();
    return reply_->end(end_frames(*outcome));
  }
  const Error error = timeout ? cancelled(kLate) : outcome.error();
  if (!begun_) return reply_->send(bedrock_refusal(error, "", timeout, 1));
  const auto known = serve::bedrock_error(error, timeout);
  const std::string message =
      known.status >= 500 ? "the server failed; see its log" : error.message();
  reply_->end(serve::encode_event(known.stream_name, {{"message", message}}, true));
}

}  // namespace residency::server
