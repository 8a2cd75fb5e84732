#include <algorithm>
#include <cmath>
#include <limits>

#include "serve/openai_chat.h"

namespace residency::serve {
namespace {

constexpr std::size_t kModelNameBytesMax = 128;

/// Reads the fields of one request; the first problem is kept.
class RequestReader {
 public:
  RequestReader(const Json& body, std::string& param) : body_(body), param_(param) {}

  bool failed() const { return !problem_.empty(); }
  Error error() const { return invalid_argument(problem_); }

  void refuse(const std::string& field, const std::string& why) {
    if (failed()) return;
    param_ = field;
    problem_ = field + ": " + why;
  }

  /// The field, or null where it is missing.
  const Json& get(std::string_view field) const { return json_member(body_, field); }

  void read_integer(const std::string& field, int& into) {
    const Json& value = get(field);
    if (value.is_null()) return;
    if (!value.is_number_integer()) return refuse(field, "must be an integer");
    // An unsigned number past int64 would wrap: it is out of every bound anyway.
    const bool huge =
        value.is_number_unsigned() &&
        value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<int>::max());
    const std::int64_t number = huge ? std::numeric_limits<int>::max() : value.get<std::int64_t>();
    if (number < std::numeric_limits<int>::min()) return refuse(field, "is too small");
    if (huge || number > std::numeric_limits<int>::max()) return refuse(field, "is too large");
    into = static_cast<int>(number);
  }

  void read_number(const std::string& field, float& into) {
    const Json& value = get(field);
    if (value.is_null()) return;
    if (!value.is_number()) return refuse(field, "must be a number");
    into = static_cast<float>(value.get<double>());
  }

  void read_flag(const std::string& field, const Json& value, bool& into) {
    if (value.is_null()) return;
    if (!value.is_boolean()) return refuse(field, "must be true or false");
    into = value.get<bool>();
  }

  void read_seed(std::uint64_t& into) {
    const Json& value = get("seed");
    if (value.is_null()) return;
    if (!value.is_number_integer()) return refuse("seed", "must be an integer");
    into = value.is_number_unsigned() ? value.get<std::uint64_t>()
                                      : static_cast<std::uint64_t>(value.get<std::int64_t>());
  }

  void read_stop(std::vector<std::string>& into) {
    const Json& value = get("stop");
    if (value.is_null()) return;
    if (value.is_string()) {
      into.push_back(value.get<std::string>());
      return;
    }
    if (!value.is_array()) return refuse("stop", "must be text or a list of texts");
    for (const Json& entry : value) {
      if (!entry.is_string()) return refuse("stop", "must be text or a list of texts");
      into.push_back(entry.get<std::string>());
    }
  }

  void read_model(std::string& into) {
    const Json& value = get("model");
    if (!value.is_string()) return refuse("model", "name a deployment");
    into = value.get<std::string>();
    if (into.empty() || into.size() > kModelNameBytesMax) {
      refuse("model", "must have 1 to 128 bytes");
    }
  }

  void read_messages(const ChatLimits& limits, std::vector<ChatMessage>& into) {
    const Json& value = get("messages");
    if (!value.is_array()) return refuse("messages", "must be a list");
    if (value.size() > static_cast<std::size_t>(limits.messages_max)) {
      return refuse("messages", "give at most " + std::to_string(limits.messages_max));
    }
    for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
      const std::string where = "messages[" + std::to_string(i) + "]";
      ChatMessage message;
      read_message(where, value[i], message);
      into.push_back(std::move(message));
    }
  }

  /// Tools and what to do with them.
  void read_tools(ChatRequest& into) {
    const Json& tools = get("tools");
    if (!tools.is_null() && !tools.is_array()) return refuse("tools", "must be a list");
    for (std::size_t i = 0; i < tools.size() && !failed(); ++i) {
      const std::string where = "tools[" + std::to_string(i) + "]";
      if (json_text(tools[i], "type") != "function") {
        return refuse(where + ".type", "only functions are supported");
      }
      const Json& function = json_member(tools[i], "function");
      Tool tool;
      tool.name = json_text(function, "name");
      tool.description = json_text(function, "description");
      const Json& parameters = json_member(function, "parameters");
      if (parameters.is_object()) {
        tool.parameters = parameters;
      } else if (!parameters.is_null()) {
        return refuse(where + ".function.parameters", "must be a JSON schema");
      } else {
        tool.parameters = {{"type", "object"}, {"properties", Json::object()}};
      }
      into.tools.push_back(std::move(tool));
    }
    const Json& choice = get("tool_choice");
    if (choice.is_null()) return;
    if (choice == "none") {
      into.tool_use = ToolUse::kNone;
    } else if (choice == "required") {
      into.tool_use = ToolUse::kRequired;
    } else if (choice.is_object()) {
      into.tool_use = ToolUse::kRequired;
      into.tool_named = json_text(json_member(choice, "function"), "name");
      if (into.tool_named.empty()) refuse("tool_choice", "must name a function");
    } else if (choice != "auto") {
      refuse("tool_choice", "must be none, auto, required or name a function");
    }
  }

  void read_format(ChatRequest& into) {
    const Json& grammar = get("grammar");
    if (grammar.is_string()) {
      into.sampling.grammar = grammar.get<std::string>();
    } else if (!grammar.is_null()) {
      return refuse("grammar", "must be text");
    }
    const Json& format = get("response_format");
    if (format.is_null()) return;
    const std::string type = json_text(format, "type");
    if (type == "json_object") {
      into.schema = Json();
    } else if (type == "json_schema") {
      const Json& schema = json_member(json_member(format, "json_schema"), "schema");
      if (!schema.is_object()) {
        return refuse("response_format.json_schema.schema", "must be an object");
      }
      into.schema = schema;
    } else if (type != "text") {
      refuse("response_format.type", "must be text, json_object or json_schema");
    }
  }

  void read_logprobs(int& into) {
    bool wanted = false;
    read_flag("logprobs", get("logprobs"), wanted);
    int top = 0;
    read_integer("top_logprobs", top);
    if (failed()) return;
    if (!wanted && top != 0) return refuse("top_logprobs", "needs logprobs");
    if (top < 0 || top > infer::kTopLogprobsMax) {
      return refuse("top_logprobs", "must be between 0 and 20");
    }
    if (wanted) into = top;
  }

  /// Of /v1/completions: how many alternatives, or none.
  void read_completion_logprobs(int& into) {
    const Json& value = get("logprobs");
    if (value.is_null()) return;
    int top = 0;
    read_integer("logprobs", top);
    if (!failed() && (top < 0 || top > infer::kTopLogprobsMax)) {
      return refuse("logprobs", "must be between 0 and 20");
    }
    into = top;
  }

  void read_prompt(ChatRequest& into) {
    const Json* value = &get("prompt");
    if (value->is_array() && value->size() == 1) value = &(*value)[0];
    if (!value->is_string()) return refuse("prompt", "must be one text");
    into.prompt = value->get<std::string>();
  }

  /// Features that would change the answer and are not there.
  void refuse_unsupported(bool chat) {
    const auto not_there = [&](const std::string& field) {
      refuse(field, "is not supported; leave it out");
    };
    for (const char* field : {"functions", "logit_bias"}) {
      const Json& value = get(field);
      if (!value.is_null() && !value.empty()) not_there(field);
    }
    for (const char* field : {"audio", "prediction", "web_search_options", "suffix"}) {
      if (!get(field).is_null()) not_there(field);
    }
    for (const char* field : {"frequency_penalty", "presence_penalty"}) {
      const Json& value = get(field);
      if (!value.is_null() && !(value.is_number() && value.get<double>() == 0)) not_there(field);
    }
    for (const char* field : {"n", "best_of"}) {
      const Json& value = get(field);
      if (!value.is_null() && !(value.is_number() && value.get<double>() == 1)) {
        refuse(field, "must be 1");
      }
    }
    if (!chat && get("echo") == Json(true)) not_there("echo");
    const Json& modalities = get("modalities");
    if (!modalities.is_null() && modalities != Json::array({"text"})) not_there("modalities");
  }

  /// What chats and completions share.
  void read_sampling(ChatRequest& request, bool chat) {
    read_integer("max_tokens", request.sampling.tokens_max);
    // The newer name wins where both are given, as in the original service.
    if (chat) read_integer("max_completion_tokens", request.sampling.tokens_max);
    read_number("temperature", request.sampling.temperature);
    read_number("top_p", request.sampling.top_p);
    read_integer("top_k", request.sampling.top_k);
    read_seed(request.sampling.seed);
    read_stop(request.sampling.stop);
    read_flag("stream", get("stream"), request.stream);
    read_flag("stream_options.include_usage", json_member(get("stream_options"), "include_usage"),
              request.stream_usage);
    read_format(request);
    refuse_unsupported(chat);
  }

 private:
  void read_calls(const std::string& where, const Json& list, ChatMessage& into) {
    if (list.is_null()) return;
    if (!list.is_array()) return refuse(where, "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = where + "[" + std::to_string(i) + "].function";
      const Json& function = json_member(list[i], "function");
      ToolCall call{json_text(list[i], "id"), json_text(function, "name"),
                    json_text(function, "arguments")};
      if (call.name.empty()) return refuse(at + ".name", "must be text");
      const auto arguments = parse_json(call.arguments);
      if (!arguments.ok() || !arguments->is_object()) {
        return refuse(at + ".arguments", "must be the text of a JSON object");
      }
      into.tool_calls.push_back(std::move(call));
    }
  }

  void read_message(const std::string& where, const Json& value, ChatMessage& into) {
    if (!value.is_object()) return refuse(where, "must be an object");
    const Json& role = json_member(value, "role");
    if (!role.is_string()) return refuse(where + ".role", "must be text");
    into.role = role.get<std::string>();
    if (into.role == "developer") into.role = "system";
    read_calls(where + ".tool_calls", json_member(value, "tool_calls"), into);
    into.tool_call_id = json_text(value, "tool_call_id");
    const Json& content = json_member(value, "content");
    if (content.is_null() && !into.tool_calls.empty()) return;
    if (content.is_string()) {
      into.content = content.get<std::string>();
      return;
    }
    if (!content.is_array()) {
      return refuse(where + ".content", "must be text or a list of text parts");
    }
    for (std::size_t i = 0; i < content.size() && !failed(); ++i) {
      const std::string part = where + ".content[" + std::to_string(i) + "]";
      if (json_text(content[i], "type") != "text") {
        return refuse(part + ".type", "only text parts are supported");
      }
      const Json& text = json_member(content[i], "text");
      if (!text.is_string()) return refuse(part + ".text", "must be text");
      into.content += text.get<std::string>();
    }
  }

  const Json& body_;
  std::string& param_;
  std::string problem_;
};

}  // namespace

Result<Json> parse_chat_body(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed.ok()) return invalid_argument("the body is not JSON: " + parsed.error().message());
  if (!parsed->is_object()) return invalid_argument("the body must be a JSON object");
  return parsed;
}

Result<std::string> requested_model(const Json& body, std::string& param) {
  std::string model;
  RequestReader reader(body, param);
  reader.read_model(model);
  if (reader.failed()) return reader.error();
  return model;
}

Result<ChatRequest> read_chat_request(const Json& body, const ChatLimits& limits,
                                      std::string& param) {
  RequestReader reader(body, param);
  ChatRequest request;
  request.sampling.tokens_max = limits.tokens_default;
  reader.read_model(request.model);
  reader.read_messages(limits, request.messages);
  reader.read_sampling(request, true);
  reader.read_tools(request);
  reader.read_logprobs(request.top_logprobs);
  if (reader.failed()) return reader.error();
  RESIDENCY_TRY_VOID(check_chat_request(request, limits, param));
  return request;
}

Result<ChatRequest> read_completion_request(const Json& body, const ChatLimits& limits,
                                            std::string& param) {
  constexpr int kCompletionTokens = 16;  // where the request does not say, as the original has it
  RequestReader reader(body, param);
  ChatRequest request;
  request.sampling.tokens_max = std::min(kCompletionTokens, limits.tokens_default);
  reader.read_model(request.model);
  reader.read_prompt(request);
  reader.read_sampling(request, false);
  reader.read_completion_logprobs(request.top_logprobs);
  if (reader.failed()) return reader.error();
  RESIDENCY_TRY_VOID(check_chat_request(request, limits, param));
  return request;
}

Result<EmbeddingRequest> read_embedding_request(const Json& body, std::string& param) {
  RequestReader reader(body, param);
  EmbeddingRequest request;
  reader.read_model(request.model);
  const Json& input = reader.get("input");
  const auto take = [&](const Json& text) {
    if (!text.is_string()) return reader.refuse("input", "must be text or a list of texts");
    request.texts.push_back(text.get<std::string>());
  };
  if (input.is_array()) {
    for (const Json& text : input) take(text);
    if (input.empty()) reader.refuse("input", "give at least one text");
  } else {
    take(input);
  }
  const std::string format = json_text(body, "encoding_format", "float");
  if (format != "float" && format != "base64") {
    reader.refuse("encoding_format", "must be float or base64");
  }
  request.base64 = format == "base64";
  if (!reader.get("dimensions").is_null()) reader.refuse("dimensions", "is not supported");
  if (reader.failed()) return reader.error();
  return request;
}

Result<ChatRequest> parse_chat_request(std::string_view body, const ChatLimits& limits,
                                       std::string& param) {
  param.clear();
  RESIDENCY_TRY(const Json parsed, parse_chat_body(body));
  return read_chat_request(parsed, limits, param);
}

}  // namespace residency::serve
