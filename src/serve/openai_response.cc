#include "serve/base64.h"
#include "serve/openai_chat.h"

namespace residency::serve {
namespace {

Json usage_json(const ChatAnswer& answer) {
  return {{"prompt_tokens", answer.prompt_tokens},
          {"completion_tokens", answer.completion_tokens},
          {"total_tokens", answer.prompt_tokens + answer.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", answer.cached_tokens}}}};
}

/// What was replaced in the answer, beside the original shape: clients that do not know it skip it.
Json filter_json(const ChatAnswer& answer) {
  Json value{{"spans_filtered", answer.spans_filtered}, {"version", answer.version}};
  if (!answer.guard_trace.is_null()) value["guardrail"] = answer.guard_trace;
  return value;
}

Json token_json(const std::string& bytes, double logprob) {
  Json numbers = Json::array();
  for (const char c : bytes) numbers.push_back(static_cast<int>(static_cast<unsigned char>(c)));
  return {{"token", bytes}, {"logprob", logprob}, {"bytes", std::move(numbers)}};
}

/// Null where there are none.
Json logprobs_json(const ResponseHead& head, const ChatAnswer& answer) {
  if (answer.logprobs.empty()) return nullptr;
  if (head.chat) {
    Json content = Json::array();
    for (const auto& token : answer.logprobs) {
      Json entry = token_json(token.bytes, token.logprob);
      entry["top_logprobs"] = Json::array();
      for (const auto& [bytes, logprob] : token.top) {
        entry["top_logprobs"].push_back(token_json(bytes, logprob));
      }
      content.push_back(std::move(entry));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
  }
  Json tokens = Json::array();
  Json values = Json::array();
  Json tops = Json::array();
  Json offsets = Json::array();
  std::size_t offset = 0;
  for (const auto& token : answer.logprobs) {
    tokens.push_back(token.bytes);
    values.push_back(token.logprob);
    offsets.push_back(offset);
    offset += token.bytes.size();
    Json top = Json::object();
    for (const auto& [bytes, logprob] : token.top) top[bytes] = logprob;
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(values)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

Json calls_json(const ChatAnswer& answer, bool with_index) {
  Json calls = Json::array();
  for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
    const ToolCall& call = answer.tool_calls[i];
    Json entry{{"id", call.id},
               {"type", "function"},
               {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
    if (with_index) entry["index"] = i;
    calls.push_back(std::move(entry));
  }
  return calls;
}

std::string event(const Json& value) { return "data: " + dump_json(value) + "\n\n"; }

constexpr std::string_view kDone = "data: [DONE]\n\n";

Json chunk(const ResponseHead& head, Json choices) {
  return {{"id", head.id},
          {"object", head.chat ? "chat.completion.chunk" : "text_completion"},
          {"created", head.created_s},
          {"model", head.model},
          {"choices", std::move(choices)}};
}

Json delta_choice(const ResponseHead& head, Json delta, Json reason, Json logprobs = nullptr) {
  Json choice{
      {"index", 0}, {"logprobs", std::move(logprobs)}, {"finish_reason", std::move(reason)}};
  if (head.chat) {
    choice["delta"] = std::move(delta);
  } else {
    choice["text"] = json_text(delta, "content");
  }
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
    case ChatFinish::kStopText:
      return "stop";
    case ChatFinish::kToolCalls:
      return "tool_calls";
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
              {"logprobs", logprobs_json(head, answer)},
              {"finish_reason", finish_reason(answer.finish)}};
  if (head.chat) {
    choice["message"] = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
    if (!answer.tool_calls.empty()) {
      choice["message"]["tool_calls"] = calls_json(answer, false);
      if (answer.text.empty()) choice["message"]["content"] = nullptr;
    }
  } else {
    choice["text"] = answer.text;
  }
  Json choices = Json::array();
  choices.push_back(std::move(choice));
  return dump_json({{"id", head.id},
                    {"object", head.chat ? "chat.completion" : "text_completion"},
                    {"created", head.created_s},
                    {"model", head.model},
                    {"choices", std::move(choices)},
                    {"usage", usage_json(answer)},
                    {"residency", filter_json(answer)}});
}

std::string format_stream_start(const ResponseHead& head) {
  if (!head.chat) return "";
  return event(chunk(head, delta_choice(head, {{"role", "assistant"}, {"content", ""}}, nullptr)));
}

std::string format_stream_text(const ResponseHead& head, std::string_view text) {
  return event(chunk(head, delta_choice(head, {{"content", text}}, nullptr)));
}

std::string format_stream_end(const ResponseHead& head, const ChatAnswer& answer, bool with_usage) {
  std::string text;
  if (!answer.tool_calls.empty()) {
    text +=
        event(chunk(head, delta_choice(head, {{"tool_calls", calls_json(answer, true)}}, nullptr)));
  }
  if (Json logprobs = logprobs_json(head, answer); !logprobs.is_null()) {
    text += event(chunk(head, delta_choice(head, {{"content", ""}}, nullptr, std::move(logprobs))));
  }
  Json last = chunk(head, delta_choice(head, Json::object(), finish_reason(answer.finish)));
  last["residency"] = filter_json(answer);
  text += event(last);
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

std::string format_embeddings(const EmbeddingRequest& request, const Json& answer) {
  Json data = Json::array();
  std::size_t index = 0;
  for (const Json& vector : json_member(answer, "vectors")) {
    Json entry{{"object", "embedding"}, {"index", index++}};
    if (request.base64) {
      std::string bytes;
      for (const Json& value : vector) {
        const float number = value.get<float>();
        bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
      }
      entry["embedding"] = base64_text(bytes);
    } else {
      entry["embedding"] = vector;
    }
    data.push_back(std::move(entry));
  }
  const std::int64_t tokens = json_integer(answer, "tokens");
  return dump_json({{"object", "list"},
                    {"data", std::move(data)},
                    {"model", request.model},
                    {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
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
