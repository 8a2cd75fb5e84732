#include "serve/chat_json.h"

namespace residency::serve {
namespace {

Json to_json(const ToolCall& call) {
  return {{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
}

std::vector<ToolCall> calls_from_json(const Json& list) {
  std::vector<ToolCall> calls;
  for (const Json& entry : list) {
    calls.push_back(
        {json_text(entry, "id"), json_text(entry, "name"), json_text(entry, "arguments")});
  }
  return calls;
}

Json to_json(const infer::SamplingOptions& sampling) {
  return {{"tokens_max", sampling.tokens_max},
          {"temperature", sampling.temperature},
          {"top_p", sampling.top_p},
          {"top_k", sampling.top_k},
          {"seed", sampling.seed},
          {"stop", sampling.stop},
          {"grammar", sampling.grammar}};
}

infer::SamplingOptions sampling_from_json(const Json& value) {
  infer::SamplingOptions sampling;
  sampling.tokens_max = static_cast<int>(json_integer(value, "tokens_max"));
  sampling.temperature = static_cast<float>(json_number(value, "temperature"));
  sampling.top_p = static_cast<float>(json_number(value, "top_p"));
  sampling.top_k = static_cast<int>(json_integer(value, "top_k"));
  const Json& seed = json_member(value, "seed");
  if (seed.is_number_unsigned()) sampling.seed = seed.get<std::uint64_t>();
  for (const Json& stop : json_member(value, "stop")) {
    if (stop.is_string()) sampling.stop.push_back(stop.get<std::string>());
  }
  sampling.grammar = json_text(value, "grammar");
  return sampling;
}

/// Bytes that need not be UTF-8 travel as numbers.
Json bytes_json(const std::string& bytes) {
  Json list = Json::array();
  for (const char c : bytes) list.push_back(static_cast<int>(static_cast<unsigned char>(c)));
  return list;
}

std::string bytes_from_json(const Json& list) {
  std::string bytes;
  for (const Json& entry : list) {
    if (entry.is_number_integer()) bytes += static_cast<char>(entry.get<int>());
  }
  return bytes;
}

}  // namespace

Json to_json(const ChatRequest& request) {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) {
    Json entry{{"role", message.role}, {"content", message.content}};
    for (const ToolCall& call : message.tool_calls) entry["tool_calls"].push_back(to_json(call));
    if (!message.tool_call_id.empty()) entry["tool_call_id"] = message.tool_call_id;
    if (!message.guard_use.empty()) entry["guard_use"] = message.guard_use;
    messages.push_back(std::move(entry));
  }
  Json value{{"model", request.model},
             {"version", request.version},
             {"caller", request.caller},
             {"messages", std::move(messages)},
             {"sampling", to_json(request.sampling)},
             {"tool_use", static_cast<int>(request.tool_use)},
             {"tool_named", request.tool_named},
             {"top_logprobs", request.top_logprobs},
             {"guard",
              {{"id", request.guard.id},
               {"version", request.guard.version},
               {"trace", request.guard.trace}}}};
  if (request.prompt) value["prompt"] = *request.prompt;
  if (request.schema) value["schema"] = {{"of", *request.schema}};
  for (const Tool& tool : request.tools) {
    value["tools"].push_back(
        {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
  }
  return value;
}

Result<ChatRequest> chat_request_from_json(const Json& value) {
  if (!value.is_object()) return invalid_input("request: must be an object");
  ChatRequest request;
  request.model = json_text(value, "model");
  request.version = json_integer(value, "version");
  request.caller = json_text(value, "caller");
  for (const Json& entry : json_member(value, "messages")) {
    request.messages.push_back({json_text(entry, "role"), json_text(entry, "content"),
                                calls_from_json(json_member(entry, "tool_calls")),
                                json_text(entry, "tool_call_id"), json_text(entry, "guard_use")});
  }
  if (value.contains("prompt")) request.prompt = json_text(value, "prompt");
  request.sampling = sampling_from_json(json_member(value, "sampling"));
  if (value.contains("schema")) request.schema = json_member(value["schema"], "of");
  for (const Json& tool : json_member(value, "tools")) {
    request.tools.push_back(
        {json_text(tool, "name"), json_text(tool, "description"), json_member(tool, "parameters")});
  }
  const std::int64_t use = json_integer(value, "tool_use");
  if (use < 0 || use > 2) return invalid_input("request: tool_use is out of bounds");
  request.tool_use = static_cast<ToolUse>(use);
  request.tool_named = json_text(value, "tool_named");
  request.top_logprobs = static_cast<int>(json_integer(value, "top_logprobs", -1));
  const Json& guard = json_member(value, "guard");
  request.guard = {json_text(guard, "id"), json_text(guard, "version"), json_flag(guard, "trace")};
  return request;
}

Json to_json(const ChatAnswer& answer) {
  Json value{{"finish", static_cast<int>(answer.finish)},
             {"stopped_by", answer.stopped_by},
             {"text", answer.text},
             {"prompt_tokens", answer.prompt_tokens},
             {"cached_tokens", answer.cached_tokens},
             {"completion_tokens", answer.completion_tokens},
             {"spans_filtered", answer.spans_filtered},
             {"version", answer.version},
             {"guard_trace", answer.guard_trace}};
  for (const ToolCall& call : answer.tool_calls) value["tool_calls"].push_back(to_json(call));
  for (const auto& token : answer.logprobs) {
    Json top = Json::array();
    for (const auto& [bytes, logprob] : token.top) {
      top.push_back({{"bytes", bytes_json(bytes)}, {"logprob", logprob}});
    }
    value["logprobs"].push_back(
        {{"bytes", bytes_json(token.bytes)}, {"logprob", token.logprob}, {"top", std::move(top)}});
  }
  return value;
}

Result<ChatAnswer> chat_answer_from_json(const Json& value) {
  const std::int64_t finish = json_integer(value, "finish", -1);
  if (finish < 0 || finish > static_cast<int>(ChatFinish::kCancelled)) {
    return invalid_input("answer: finish is out of bounds");
  }
  ChatAnswer answer;
  answer.finish = static_cast<ChatFinish>(finish);
  answer.stopped_by = json_text(value, "stopped_by");
  answer.text = json_text(value, "text");
  answer.prompt_tokens = static_cast<int>(json_integer(value, "prompt_tokens"));
  answer.cached_tokens = static_cast<int>(json_integer(value, "cached_tokens"));
  answer.completion_tokens = static_cast<int>(json_integer(value, "completion_tokens"));
  answer.spans_filtered = static_cast<std::uint64_t>(json_integer(value, "spans_filtered"));
  answer.version = json_integer(value, "version");
  answer.guard_trace = json_member(value, "guard_trace");
  answer.tool_calls = calls_from_json(json_member(value, "tool_calls"));
  for (const Json& entry : json_member(value, "logprobs")) {
    infer::TokenLogprob token{
        bytes_from_json(json_member(entry, "bytes")), json_number(entry, "logprob"), {}};
    for (const Json& one : json_member(entry, "top")) {
      token.top.emplace_back(bytes_from_json(json_member(one, "bytes")),
                             json_number(one, "logprob"));
    }
    answer.logprobs.push_back(std::move(token));
  }
  return answer;
}

Json to_json(const Error& error) {
  return {{"code", traits(error.code()).name}, {"message", error.message()}};
}

Error error_from_json(const Json& value) {
  return Error(error_code_named(json_text(value, "code")), json_text(value, "message"));
}

Json to_json(const EndpointOptions& options) {
  return {{"queue_max", options.queue_max},
          {"parallel", options.parallel},
          {"timeout_ms", options.timeout_ms},
          {"context_tokens", options.context_tokens},
          {"threads", options.threads},
          {"prefix_cache", options.prefix_cache},
          {"exact", options.exact},
          {"tokens_default", options.limits.tokens_default},
          {"tokens_max", options.limits.tokens_max},
          {"messages_max", options.limits.messages_max},
          {"content_bytes_max", options.limits.content_bytes_max}};
}

Result<EndpointOptions> endpoint_options_from_json(const Json& value) {
  RESIDENCY_TRY(const auto node, ConfigNode::parse(dump_json(value), "options"));
  return EndpointOptions::from_config(node);
}

}  // namespace residency::serve
