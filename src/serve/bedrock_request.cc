#include <algorithm>
#include <cmath>

#include "serve/base64.h"
#include "serve/bedrock.h"
#include "serve/openai_chat.h"

namespace residency::serve {
namespace {

Error refuse(const std::string& where, const std::string& why) {
  return invalid_argument(where + ": " + why);
}

/// The member that is present; a union has one.
Result<std::string> only_key(const Json& value, const std::string& where) {
  if (!value.is_object() || value.size() != 1) return refuse(where, "must have exactly one member");
  return value.begin().key();
}

class ConverseReader {
 public:
  explicit ConverseReader(const ChatLimits& limits) : limits_(limits) {}

  Result<ChatRequest> read(const Json& body) {
    if (!body.is_object()) return invalid_argument("the body must be a JSON object");
    request_.sampling.tokens_max = limits_.tokens_default;
    RESIDENCY_TRY_VOID(read_system(json_member(body, "system")));
    const Json& messages = json_member(body, "messages");
    if (!messages.is_array() || messages.empty()) return refuse("messages", "give at least one");
    if (messages.size() > static_cast<std::size_t>(limits_.messages_max)) {
      return refuse("messages", "give at most " + std::to_string(limits_.messages_max));
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
      RESIDENCY_TRY_VOID(read_message(messages[i], "messages." + std::to_string(i)));
    }
    RESIDENCY_TRY_VOID(read_inference(json_member(body, "inferenceConfig")));
    RESIDENCY_TRY_VOID(read_additional(json_member(body, "additionalModelRequestFields")));
    RESIDENCY_TRY_VOID(read_tools(json_member(body, "toolConfig")));
    RESIDENCY_TRY_VOID(read_guardrail(json_member(body, "guardrailConfig")));
    RESIDENCY_TRY_VOID(read_output(json_member(body, "outputConfig")));
    if (!json_member(body, "promptVariables").is_null()) {
      return refuse("promptVariables", "prompts are not managed here");
    }
    std::string param;
    RESIDENCY_TRY_VOID(check_chat_request(request_, limits_, param));
    return std::move(request_);
  }

 private:
  Result<void> read_system(const Json& blocks) {
    if (blocks.is_null()) return {};
    if (!blocks.is_array()) return refuse("system", "must be a list");
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::string where = "system." + std::to_string(i);
      RESIDENCY_TRY(const std::string kind, only_key(blocks[i], where));
      if (kind == "cachePoint") continue;  // beginnings are kept without being told
      ChatMessage message;
      message.role = "system";
      if (kind == "text") {
        RESIDENCY_TRY(message.content, text_of(blocks[i]["text"], where + ".text"));
      } else if (kind == "guardContent") {
        RESIDENCY_TRY_VOID(read_guard_content(blocks[i]["guardContent"], where, message));
      } else {
        return refuse(where, "only text is supported");
      }
      // Templates take one system message.
      if (!request_.messages.empty()) {
        request_.messages.back().content += "\n" + message.content;
      } else {
        request_.messages.push_back(std::move(message));
      }
    }
    return {};
  }

  static Result<std::string> text_of(const Json& value, const std::string& where) {
    if (!value.is_string()) return refuse(where, "must be text");
    return value.get<std::string>();
  }

  Result<void> read_guard_content(const Json& value, const std::string& where,
                                  ChatMessage& message) {
    const Json& text = json_member(value, "text");
    RESIDENCY_TRY(message.content,
                  text_of(json_member(text, "text"), where + ".guardContent.text"));
    message.guard_use = "guard";
    for (const Json& qualifier : json_member(text, "qualifiers")) {
      if (qualifier == "grounding_source") message.guard_use = "source";
      if (qualifier == "query") message.guard_use = "query";
    }
    return {};
  }

  /// A message becomes several where it holds the answers of tools, or texts that a guardrail takes
  /// for different things.
  Result<void> read_message(const Json& value, const std::string& where) {
    const std::string role = json_text(value, "role");
    if (role != "user" && role != "assistant" && role != "system") {
      return refuse(where + ".role", "must be user or assistant");
    }
    const Json& blocks = json_member(value, "content");
    if (!blocks.is_array() || blocks.empty()) return refuse(where + ".content", "give a block");
    ChatMessage message;
    message.role = role;
    bool any = false;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::string at = where + ".content." + std::to_string(i);
      RESIDENCY_TRY(const std::string kind, only_key(blocks[i], at));
      const Json& block = blocks[i][kind];
      if (kind == "cachePoint") continue;
      any = true;
      if (kind == "text") {
        RESIDENCY_TRY(const std::string text, text_of(block, at + ".text"));
        message.content += text;
      } else if (kind == "guardContent") {
        ChatMessage guarded;
        guarded.role = role;
        RESIDENCY_TRY_VOID(read_guard_content(block, at, guarded));
        if (!message.content.empty()) request_.messages.push_back(message);
        message.content.clear();
        request_.messages.push_back(std::move(guarded));
      } else if (kind == "toolUse") {
        RESIDENCY_TRY_VOID(read_tool_use(block, at, message));
      } else if (kind == "toolResult") {
        RESIDENCY_TRY_VOID(read_tool_result(block, at));
      } else {
        return refuse(at, "blocks of this kind are not supported: " + kind.substr(0, 32));
      }
    }
    if (!any) return refuse(where + ".content", "give a block that says something");
    if (!message.content.empty() || !message.tool_calls.empty()) {
      request_.messages.push_back(std::move(message));
    }
    return {};
  }

  static Result<void> read_tool_use(const Json& block, const std::string& where,
                                    ChatMessage& message) {
    ToolCall call{json_text(block, "toolUseId"), json_text(block, "name"),
                  dump_json(json_member(block, "input"))};
    if (message.role != "assistant") return refuse(where, "only the assistant uses tools");
    if (call.name.empty()) return refuse(where + ".toolUse.name", "must be text");
    if (!json_member(block, "input").is_object()) {
      return refuse(where + ".toolUse.input", "must be an object");
    }
    message.tool_calls.push_back(std::move(call));
    return {};
  }

  Result<void> read_tool_result(const Json& block, const std::string& where) {
    ChatMessage message;
    message.role = "tool";
    message.tool_call_id = json_text(block, "toolUseId");
    const Json& parts = json_member(block, "content");
    if (!parts.is_array()) return refuse(where + ".toolResult.content", "must be a list");
    for (const Json& part : parts) {
      RESIDENCY_TRY(const std::string kind, only_key(part, where + ".toolResult.content"));
      if (kind == "text") {
        message.content += json_text(part, "text");
      } else if (kind == "json") {
        message.content += dump_json(part["json"]);
      } else {
        return refuse(where + ".toolResult.content", "only text and json are supported");
      }
    }
    request_.messages.push_back(std::move(message));
    return {};
  }

  static Result<void> read_number(const Json& object, const char* key, const std::string& where,
                                  float& into) {
    const Json& value = json_member(object, key);
    if (value.is_null()) return {};
    if (!value.is_number()) return refuse(where + "." + key, "must be a number");
    into = static_cast<float>(value.get<double>());
    return {};
  }

  static Result<void> read_integer(const Json& object, const char* key, const std::string& where,
                                   int& into) {
    const Json& value = json_member(object, key);
    if (value.is_null()) return {};
    const bool fits = value.is_number_integer() && value >= -1 && value <= 1 << 24;
    if (!fits) return refuse(where + "." + key, "must be an integer within bounds");
    into = value.get<int>();
    return {};
  }

  Result<void> read_inference(const Json& value) {
    if (value.is_null()) return {};
    const std::string where = "inferenceConfig";
    if (!value.is_object()) return refuse(where, "must be an object");
    RESIDENCY_TRY_VOID(read_integer(value, "maxTokens", where, request_.sampling.tokens_max));
    RESIDENCY_TRY_VOID(read_number(value, "temperature", where, request_.sampling.temperature));
    RESIDENCY_TRY_VOID(read_number(value, "topP", where, request_.sampling.top_p));
    const Json& stops = json_member(value, "stopSequences");
    if (!stops.is_null() && !stops.is_array()) {
      return refuse(where + ".stopSequences", "must be a list");
    }
    for (const Json& stop : stops) {
      RESIDENCY_TRY(std::string text, text_of(stop, where + ".stopSequences"));
      request_.sampling.stop.push_back(std::move(text));
    }
    return {};
  }

  Result<void> read_additional(const Json& value) {
    const std::string where = "additionalModelRequestFields";
    if (value.is_null()) return {};
    if (!value.is_object()) return refuse(where, "must be an object");
    for (const auto& [key, member] : value.items()) {
      if (key == "top_k" || key == "topK") {
        RESIDENCY_TRY_VOID(read_integer(value, key.c_str(), where, request_.sampling.top_k));
      } else if (key == "seed" && member.is_number_integer()) {
        request_.sampling.seed = static_cast<std::uint64_t>(member.get<std::int64_t>());
      } else if (key == "grammar" && member.is_string()) {
        request_.sampling.grammar = member.get<std::string>();
      } else {
        return refuse(where, "top_k, seed and grammar are known, not: " + key.substr(0, 32));
      }
    }
    return {};
  }

  Result<void> read_tools(const Json& value) {
    if (value.is_null()) return {};
    const Json& tools = json_member(value, "tools");
    if (!tools.is_array() || tools.empty()) return refuse("toolConfig.tools", "give at least one");
    for (std::size_t i = 0; i < tools.size(); ++i) {
      const std::string where = "toolConfig.tools." + std::to_string(i);
      RESIDENCY_TRY(const std::string kind, only_key(tools[i], where));
      if (kind == "cachePoint") continue;
      if (kind != "toolSpec") return refuse(where, "only toolSpec is supported");
      const Json& spec = tools[i]["toolSpec"];
      const Json& schema = json_member(json_member(spec, "inputSchema"), "json");
      if (!schema.is_object()) return refuse(where + ".inputSchema.json", "must be an object");
      request_.tools.push_back({json_text(spec, "name"), json_text(spec, "description"), schema});
    }
    const Json& choice = json_member(value, "toolChoice");
    if (choice.is_null()) return {};
    RESIDENCY_TRY(const std::string kind, only_key(choice, "toolConfig.toolChoice"));
    if (kind == "any") {
      request_.tool_use = ToolUse::kRequired;
    } else if (kind == "tool") {
      request_.tool_use = ToolUse::kRequired;
      request_.tool_named = json_text(choice["tool"], "name");
      if (request_.tool_named.empty()) return refuse("toolConfig.toolChoice.tool", "needs a name");
    } else if (kind != "auto") {
      return refuse("toolConfig.toolChoice", "must be auto, any or tool");
    }
    return {};
  }

  Result<void> read_guardrail(const Json& value) {
    if (value.is_null()) return {};
    request_.guard.id = json_text(value, "guardrailIdentifier");
    request_.guard.version = json_text(value, "guardrailVersion");
    const std::string trace = json_text(value, "trace", "disabled");
    if (trace != "enabled" && trace != "disabled" && trace != "enabled_full") {
      return refuse("guardrailConfig.trace", "must be enabled, disabled or enabled_full");
    }
    request_.guard.trace = trace != "disabled";
    if (request_.guard.id.empty() || request_.guard.version.empty()) {
      return refuse("guardrailConfig", "guardrailIdentifier and guardrailVersion are both needed");
    }
    return {};
  }

  Result<void> read_output(const Json& value) {
    const Json& format = json_member(value, "textFormat");
    if (format.is_null()) return {};
    if (json_text(format, "type") != "json_schema") {
      return refuse("outputConfig.textFormat.type", "must be json_schema");
    }
    const Json& schema =
        json_member(json_member(json_member(format, "structure"), "jsonSchema"), "schema");
    auto parsed = schema.is_string() ? parse_json(schema.get<std::string>()) : Result<Json>(schema);
    if (!parsed.ok() || !parsed->is_object()) {
      return refuse("outputConfig.textFormat.structure.jsonSchema.schema", "must be a JSON schema");
    }
    request_.schema = *std::move(parsed);
    return {};
  }

  const ChatLimits& limits_;
  ChatRequest request_;
};

/// What a body in the form of Llama means in the form of OpenAI's completions.
Result<Json> from_llama(const Json& body) {
  Json made{{"model", "m"}, {"prompt", json_member(body, "prompt")}};
  for (const auto& [key, value] : body.items()) {
    if (key == "prompt" || key.starts_with("amazon-bedrock-")) continue;
    if (key == "max_gen_len") {
      made["max_tokens"] = value;
    } else if (key == "temperature" || key == "top_p" || key == "top_k" || key == "seed" ||
               key == "stop") {
      made[key] = value;
    } else {
      return refuse(key.substr(0, 32), "is not known beside prompt and max_gen_len");
    }
  }
  return made;
}

}  // namespace

Result<ServedName> served_name(std::string_view model_id) {
  const auto slash = model_id.rfind('/');
  if (slash != std::string_view::npos) model_id.remove_prefix(slash + 1);
  ServedName made;
  const auto at = model_id.find('@');
  made.name = model_id.substr(0, at);
  if (at == std::string_view::npos) return made;
  const std::string_view digits = model_id.substr(at + 1);
  const bool number =
      !digits.empty() && digits.size() <= 9 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return invalid_argument("model: a version is a number: name@3");
  made.version = std::stoll(std::string(digits));
  return made;
}

Result<ChatRequest> read_converse(const Json& body, const ChatLimits& limits) {
  return ConverseReader(limits).read(body);
}

Result<InvokeRequest> read_invocation(std::string_view body, const std::string& model,
                                      const ChatLimits& limits) {
  RESIDENCY_TRY(Json parsed, parse_chat_body(body));
  InvokeRequest made;
  std::string param;
  if (parsed.contains("inputText")) {
    made.form = InvokeForm::kTitan;
    if (!parsed["inputText"].is_string()) return refuse("inputText", "must be text");
    made.input_text = parsed["inputText"].get<std::string>();
    return made;
  }
  if (parsed.contains("messages")) {
    made.form = InvokeForm::kOpenAi;
    parsed["model"] = model;
    RESIDENCY_TRY(made.request, read_chat_request(parsed, limits, param));
    return made;
  }
  const bool openai = parsed.contains("max_tokens");
  made.form = openai ? InvokeForm::kOpenAi : InvokeForm::kLlama;
  if (!openai) {
    constexpr int kLlamaTokens = 512;  // where the request does not say, as the original has it
    RESIDENCY_TRY(parsed, from_llama(parsed));
    if (!parsed.contains("max_tokens")) {
      parsed["max_tokens"] = std::min(kLlamaTokens, limits.tokens_max);
    }
  }
  parsed["model"] = model;
  RESIDENCY_TRY(made.request, read_completion_request(parsed, limits, param));
  return made;
}

Result<ChatRequest> read_count_tokens(const Json& body, const std::string& model,
                                      const ChatLimits& limits) {
  const Json& input = json_member(body, "input");
  RESIDENCY_TRY(const std::string kind, only_key(input, "input"));
  if (kind == "converse") {
    auto request = read_converse(input["converse"], limits);
    if (!request.ok()) return request.error().with_context("input.converse");
    return request;
  }
  if (kind != "invokeModel") return refuse("input", "must be converse or invokeModel");
  const auto bytes = base64_bytes(json_text(input["invokeModel"], "body"));
  if (!bytes.ok()) return bytes.error().with_context("input.invokeModel.body");
  RESIDENCY_TRY(auto invocation, read_invocation(*bytes, model, limits));
  if (invocation.form == InvokeForm::kTitan) {
    return refuse("input.invokeModel.body", "tokens of embeddings are not counted");
  }
  return std::move(invocation.request);
}

Result<GuardrailApplication> read_apply_guardrail(const Json& body) {
  GuardrailApplication made;
  made.side = json_text(body, "source");
  if (made.side != "INPUT" && made.side != "OUTPUT") {
    return refuse("source", "must be INPUT or OUTPUT");
  }
  const std::string scope = json_text(body, "outputScope", "INTERVENTIONS");
  if (scope != "INTERVENTIONS" && scope != "FULL") {
    return refuse("outputScope", "must be INTERVENTIONS or FULL");
  }
  made.all = scope == "FULL";
  const Json& content = json_member(body, "content");
  if (!content.is_array() || content.empty()) return refuse("content", "give at least one block");
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::string where = "content." + std::to_string(i);
    RESIDENCY_TRY(const std::string kind, only_key(content[i], where));
    const Json& text = json_member(content[i], "text");
    if (kind != "text" || !json_member(text, "text").is_string()) {
      return refuse(where, "only text is supported");
    }
    std::string use;
    for (const Json& qualifier : json_member(text, "qualifiers")) {
      if (qualifier == "grounding_source") use = "source";
      if (qualifier == "query") use = "query";
      if (qualifier == "guard_content" && use.empty()) use = "guard";
    }
    made.texts.push_back({{"text", text["text"]}, {"use", use}});
  }
  return made;
}

}  // namespace residency::serve
