#include <optional>
#include <utility>

#include "base/env.h"
#include "serve/openai_chat.h"
#include "server/middleware/error_response.h"
#include "server/middleware/request_id.h"
#include "server/routes/asking.h"
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
      const char* field = head_.chat ? "messages" : "prompt";
      return reply_->send(timeout ? error_response(504, error)
                                  : error_response(error, theirs ? field : ""));
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
    std::string start = serve::format_stream_start(head_);
    if (!start.empty()) reply_->write(std::move(start));
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

HttpResponse refusal(const Refused& refused, std::string_view param = "") {
  auto response = error_response(refused.error, param);
  if (refused.retry_after_s > 0) {
    set_header(response, "retry-after", std::to_string(refused.retry_after_s));
  }
  return response;
}

/// The body and the endpoint it asks for; empty where the request was refused.
struct Opened {
  Json body;
  std::string model;
  Asked asked;
};
std::optional<Opened> open(const HttpRequest& request, const ServerState& state, Reply& reply) {
  const auto refuse = [&](HttpResponse response) {
    reply.send(std::move(response));
    return std::optional<Opened>();
  };
  if (!is_json(request.header("content-type"))) {
    return refuse(error_response(415, invalid_argument("content-type: must be application/json")));
  }
  std::string param;
  auto body = serve::parse_chat_body(request.body);
  if (!body.ok()) return refuse(error_response(body.error()));
  auto model = serve::requested_model(*body, param);
  if (!model.ok()) return refuse(error_response(model.error(), param));
  auto asked = find_endpoint(state, *model);
  if (!asked.ok()) return refuse(error_response(asked.error(), "model"));
  return Opened{*std::move(body), *std::move(model), *std::move(asked)};
}

void complete(const HttpRequest& request, const std::string& caller, ServerState& state,
              const std::shared_ptr<Reply>& reply, bool chat) {
  const auto opened = open(request, state, *reply);
  if (!opened) return;
  std::string param;
  const auto& limits = opened->asked.endpoint->limits();
  auto read = chat ? serve::read_chat_request(opened->body, limits, param)
                   : serve::read_completion_request(opened->body, limits, param);
  if (!read.ok()) return reply->send(error_response(read.error(), param));
  serve::ResponseHead head;
  head.id = (chat ? "chatcmpl-" : "cmpl-") + make_request_id();
  head.created_s = Env::posix().now_unix_ms() / 1000;
  head.model = opened->model;
  head.chat = chat;
  const auto answer =
      std::make_shared<OpenAiAnswer>(reply, std::move(head), read->stream, read->stream_usage);
  const auto refused =
      submit_chat(state, opened->asked, caller, *std::move(read), reply->gone(), answer);
  if (refused) reply->send(refusal(*refused));
}

}  // namespace

void chat_completions(const HttpRequest& request, const std::string& caller, ServerState& state,
                      std::shared_ptr<Reply> reply) {
  complete(request, caller, state, reply, true);
}

void completions(const HttpRequest& request, const std::string& caller, ServerState& state,
                 std::shared_ptr<Reply> reply) {
  complete(request, caller, state, reply, false);
}

void embeddings(const HttpRequest& request, const std::string& caller, ServerState& state,
                std::shared_ptr<Reply> reply) {
  const auto opened = open(request, state, *reply);
  if (!opened) return;
  std::string param;
  auto read = serve::read_embedding_request(opened->body, param);
  if (!read.ok()) return reply->send(error_response(read.error(), param));
  const auto texts = read->texts;
  const auto refused = ask_for_vectors(
      state, opened->asked, caller, texts, [reply, wanted = *std::move(read)](Result<Json> answer) {
        if (!answer.ok()) return reply->send(error_response(answer.error(), "input"));
        HttpResponse response;
        response.body = serve::format_embeddings(wanted, *answer);
        reply->send(std::move(response));
      });
  if (refused) reply->send(refusal(*refused));
}

}  // namespace residency::server
