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

  void read_messages(const ChatLimits& limits, std::vector<infer::ChatMessage>& into) {
    const Json& value = get("messages");
    if (!value.is_array()) return refuse("messages", "must be a list");
    if (value.size() > static_cast<std::size_t>(limits.messages_max)) {
      return refuse("messages", "give at most " + std::to_string(limits.messages_max));
    }
    for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
      const std::string where = "messages[" + std::to_string(i) + "]";
      infer::ChatMessage message;
      read_message(where, value[i], message);
      into.push_back(std::move(message));
    }
  }

  /// Features that would change the answer and are not there yet.
  void refuse_unsupported() {
    const auto not_there = [&](const std::string& field) {
      refuse(field, "is not supported; leave it out");
    };
    for (const char* field : {"tools", "functions", "logit_bias"}) {
      const Json& value = get(field);
      if (!value.is_null() && !value.empty()) not_there(field);
    }
    for (const char* field : {"audio", "prediction", "web_search_options"}) {
      if (!get(field).is_null()) not_there(field);
    }
    for (const char* field : {"frequency_penalty", "presence_penalty", "top_logprobs"}) {
      const Json& value = get(field);
      if (!value.is_null() && !(value.is_number() && value.get<double>() == 0)) not_there(field);
    }
    const Json& n = get("n");
    if (!n.is_null() && !(n.is_number() && n.get<double>() == 1)) refuse("n", "must be 1");
    const Json& logprobs = get("logprobs");
    if (!logprobs.is_null() && logprobs != Json(false)) not_there("logprobs");
    const Json& format = get("response_format");
    if (!format.is_null() && json_text(format, "type") != "text") not_there("response_format");
    const Json& modalities = get("modalities");
    if (!modalities.is_null() && modalities != Json::array({"text"})) not_there("modalities");
  }

 private:
  void read_message(const std::string& where, const Json& value, infer::ChatMessage& into) {
    if (!value.is_object()) return refuse(where, "must be an object");
    const Json& role = json_member(value, "role");
    if (!role.is_string()) return refuse(where + ".role", "must be text");
    into.role = role.get<std::string>();
    if (into.role == "developer") into.role = "system";
    const Json& tool_calls = json_member(value, "tool_calls");
    if (!tool_calls.is_null() && !tool_calls.empty()) {
      return refuse(where + ".tool_calls", "is not supported; leave it out");
    }
    const Json& content = json_member(value, "content");
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
  // The newer name wins where both are given, as in the original service.
  reader.read_integer("max_tokens", request.sampling.tokens_max);
  reader.read_integer("max_completion_tokens", request.sampling.tokens_max);
  reader.read_number("temperature", request.sampling.temperature);
  reader.read_number("top_p", request.sampling.top_p);
  reader.read_integer("top_k", request.sampling.top_k);
  reader.read_seed(request.sampling.seed);
  reader.read_stop(request.sampling.stop);
  reader.read_flag("stream", reader.get("stream"), request.stream);
  reader.read_flag("stream_options.include_usage",
                   json_member(reader.get("stream_options"), "include_usage"),
                   request.stream_usage);
  reader.refuse_unsupported();
  if (reader.failed()) return reader.error();
  RESIDENCY_TRY_VOID(check_chat_request(request, limits, param));
  return request;
}

Result<ChatRequest> parse_chat_request(std::string_view body, const ChatLimits& limits,
                                       std::string& param) {
  param.clear();
  RESIDENCY_TRY(const Json parsed, parse_chat_body(body));
  return read_chat_request(parsed, limits, param);
}

}  // namespace residency::serve
