#include <utility>

#include "base/env.h"
#include "serve/openai_chat.h"
#include "server/middleware/error_response.h"
#include "server/middleware/request_id.h"
#include "server/routes/routes.h"

namespace residency::server {
namespace {

/// Writes one answer in the OpenAI form, whole or as server-sent events. It must not hold the
/// endpoint (see Endpoint).
class OpenAiAnswer final : public serve::ChatObserver {
 public:
  OpenAiAnswer(std::shared_ptr<Reply> reply, serve::ResponseHead head, bool stream, bool usage)
      : reply_(std::move(reply)), head_(std::move(head)), stream_(stream), usage_(usage) {}

  bool on_text(std::string_view text) override {
    if (stream_) {
      begin();
      reply_->write(serve::format_stream_text(head_, text));
    }
    return !reply_->gone().stop_requested();
  }

  void on_done(Result<serve::ChatAnswer> outcome) override {
    if (outcome.ok() && outcome->finish == serve::ChatFinish::kCancelled) return reply_->end({});
    const bool timeout = outcome.ok() && outcome->finish == serve::ChatFinish::kTimeout;
    if (outcome.ok() && !timeout) return finish(*outcome);
    const Error error =
        timeout ? cancelled("the answer took longer than the time limit") : outcome.error();
    if (!begun_) {
      // All that is left to be wrong when a request reaches its engine is what it says.
      const bool theirs = error.code() == ErrorCode::kInvalidArgument;
      return reply_->send(timeout ? error_response(504, error)
                                  : error_response(error, theirs ? "messages" : ""));
    }
    reply_->end(serve::format_stream_error(error));
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    HttpResponse head;
    head.content_type = "text/event-stream; charset=utf-8";
    head.headers.emplace_back("cache-control", "no-cache");
    head.headers.emplace_back("x-accel-buffering", "no");
    reply_->begin(std::move(head));
    reply_->write(serve::format_stream_start(head_));
  }

  void finish(const serve::ChatAnswer& answer) {
    if (!stream_) {
      HttpResponse response;
      response.body = serve::format_chat_response(head_, answer);
      return reply_->send(std::move(response));
    }
    begin();
    reply_->end(serve::format_stream_end(head_, answer, usage_));
  }

  const std::shared_ptr<Reply> reply_;
  const serve::ResponseHead head_;
  const bool stream_;
  const bool usage_;
  bool begun_ = false;
};

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find(';')) == "application/json";
}

}  // namespace

void chat_completions(const HttpRequest& request, ServerState& state,
                      std::shared_ptr<Reply> reply) {
  if (!is_json(request.header("content-type"))) {
    return reply->send(
        error_response(415, invalid_argument("content-type: must be application/json")));
  }
  std::string param;
  const auto body = serve::parse_chat_body(request.body);
  if (!body.ok()) return reply->send(error_response(body.error()));
  const auto model = serve::requested_model(*body, param);
  if (!model.ok()) return reply->send(error_response(model.error(), param));
  const auto endpoint = state.endpoints.find(*model);
  if (!endpoint.ok()) return reply->send(error_response(endpoint.error(), "model"));
  auto chat = serve::read_chat_request(*body, (*endpoint)->limits(), param);
  if (!chat.ok()) return reply->send(error_response(chat.error(), param));

  serve::ResponseHead head;
  head.id = "chatcmpl-" + make_request_id();
  head.created_s = Env::posix().now_unix_ms() / 1000;
  head.model = *model;
  const auto answer =
      std::make_shared<OpenAiAnswer>(reply, std::move(head), chat->stream, chat->stream_usage);
  const auto taken = (*endpoint)->submit(*std::move(chat), reply->gone(), answer);
  if (taken.ok()) return;
  auto refused = error_response(taken.error());
  if (taken.error().code() == ErrorCode::kResourceExhausted) {
    set_header(refused, "retry-after", std::to_string((*endpoint)->retry_after_s()));
  }
  reply->send(std::move(refused));
}

}  // namespace residency::server
