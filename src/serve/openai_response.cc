#include "serve/openai_chat.h"

namespace residency::serve {
namespace {

Json usage_json(const ChatAnswer& answer) {
  return {{"prompt_tokens", answer.prompt_tokens},
          {"completion_tokens", answer.completion_tokens},
          {"total_tokens", answer.prompt_tokens + answer.completion_tokens}};
}

/// What was replaced in the answer, beside the original shape: clients that do not know it skip it.
Json filter_json(const ChatAnswer& answer) { return {{"spans_filtered", answer.spans_filtered}}; }

std::string event(const Json& value) { return "data: " + dump_json(value) + "\n\n"; }

constexpr std::string_view kDone = "data: [DONE]\n\n";

Json chunk(const ResponseHead& head, Json choices) {
  return {{"id", head.id},
          {"object", "chat.completion.chunk"},
          {"created", head.created_s},
          {"model", head.model},
          {"choices", std::move(choices)}};
}

Json delta_choice(Json delta, Json reason) {
  Json choice{{"index", 0},
              {"delta", std::move(delta)},
              {"logprobs", nullptr},
              {"finish_reason", std::move(reason)}};
  Json choices = Json::array();
  choices.push_back(std::move(choice));
  return choices;
}

std::string_view error_type(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUnauthenticated:
      return "authentication_error";
    case ErrorCode::kPermissionDenied:
      return "permission_error";
    case ErrorCode::kResourceExhausted:
      return "rate_limit_error";
    case ErrorCode::kCancelled:
      return "timeout_error";
    default:
      return traits(error.code()).http_status < 500 ? "invalid_request_error" : "server_error";
  }
}

Json error_json(const Error& error, std::string_view param) {
  Json body{{"message", error.message()},
            {"type", error_type(error)},
            {"param", nullptr},
            {"code", traits(error.code()).name}};
  if (!param.empty()) body["param"] = param;
  return {{"error", std::move(body)}};
}

}  // namespace

std::string_view finish_reason(ChatFinish finish) {
  switch (finish) {
    case ChatFinish::kStop:
      return "stop";
    case ChatFinish::kContentFilter:
      return "content_filter";
    case ChatFinish::kLength:
    case ChatFinish::kTimeout:
    case ChatFinish::kCancelled:
      return "length";
  }
  return "stop";
}

std::string format_chat_response(const ResponseHead& head, const ChatAnswer& answer) {
  Json choice{{"index", 0},
              {"message", {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}}},
              {"logprobs", nullptr},
              {"finish_reason", finish_reason(answer.finish)}};
  Json choices = Json::array();
  choices.push_back(std::move(choice));
  return dump_json({{"id", head.id},
                    {"object", "chat.completion"},
                    {"created", head.created_s},
                    {"model", head.model},
                    {"choices", std::move(choices)},
                    {"usage", usage_json(answer)},
                    {"residency", filter_json(answer)}});
}

std::string format_stream_start(const ResponseHead& head) {
  return event(chunk(head, delta_choice({{"role", "assistant"}, {"content", ""}}, nullptr)));
}

std::string format_stream_text(const ResponseHead& head, std::string_view text) {
  return event(chunk(head, delta_choice({{"content", text}}, nullptr)));
}

std::string format_stream_end(const ResponseHead& head, const ChatAnswer& answer, bool with_usage) {
  Json last = chunk(head, delta_choice(Json::object(), finish_reason(answer.finish)));
  last["residency"] = filter_json(answer);
  std::string text = event(last);
  if (with_usage) {
    Json usage = chunk(head, Json::array());
    usage["usage"] = usage_json(answer);
    text += event(usage);
  }
  return text.append(kDone);
}

std::string format_stream_error(const Error& error) {
  return event(error_json(error, "")).append(kDone);
}

std::string format_error(const Error& error, std::string_view param) {
  return dump_json(error_json(error, param));
}

std::string format_model_list(const std::vector<ModelLine>& models) {
  Json data = Json::array();
  for (const ModelLine& model : models) {
    data.push_back({{"id", model.id},
                    {"object", "model"},
                    {"created", model.created_s},
                    {"owned_by", "residency"}});
  }
  return dump_json({{"object", "list"}, {"data", std::move(data)}});
}

}  // namespace residency::serve
