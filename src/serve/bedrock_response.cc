#include "serve/base64.h"
#include "serve/bedrock.h"
#include "serve/event_stream.h"

namespace residency::serve {
namespace {

Json usage_json(const ChatAnswer& answer) {
  return {{"inputTokens", answer.prompt_tokens},
          {"outputTokens", answer.completion_tokens},
          {"totalTokens", answer.prompt_tokens + answer.completion_tokens},
          {"cacheReadInputTokens", answer.cached_tokens}};
}

Json trace_json(const ChatAnswer& answer) {
  Json guardrail = Json::object();
  const Json& input = json_member(answer.guard_trace, "inputAssessment");
  if (!input.is_null()) guardrail["inputAssessment"] = input;
  const Json& output = json_member(answer.guard_trace, "outputAssessments");
  if (!output.is_null()) guardrail["outputAssessments"] = {{"guardrail", output}};
  return {{"guardrail", std::move(guardrail)}};
}

Json tool_input(const ToolCall& call) {
  auto parsed = parse_json(call.arguments);
  return parsed.ok() ? *std::move(parsed) : Json::object();
}

}  // namespace

std::string_view stop_reason(const ChatAnswer& answer) {
  switch (answer.finish) {
    case ChatFinish::kStop:
      return "end_turn";
    case ChatFinish::kStopText:
      return "stop_sequence";
    case ChatFinish::kToolCalls:
      return "tool_use";
    case ChatFinish::kContentFilter:
      return "guardrail_intervened";
    case ChatFinish::kLength:
    case ChatFinish::kTimeout:
    case ChatFinish::kCancelled:
      return "max_tokens";
  }
  return "end_turn";
}

Json converse_response(const ChatAnswer& answer, std::int64_t latency_ms) {
  Json content = Json::array();
  if (!answer.text.empty() || answer.tool_calls.empty()) content.push_back({{"text", answer.text}});
  for (const ToolCall& call : answer.tool_calls) {
    content.push_back(
        {{"toolUse", {{"toolUseId", call.id}, {"name", call.name}, {"input", tool_input(call)}}}});
  }
  Json body{{"output", {{"message", {{"role", "assistant"}, {"content", std::move(content)}}}}},
            {"stopReason", stop_reason(answer)},
            {"usage", usage_json(answer)},
            {"metrics", {{"latencyMs", latency_ms}}}};
  if (!answer.guard_trace.is_null()) body["trace"] = trace_json(answer);
  return body;
}

std::string converse_stream_end(const ChatAnswer& answer, bool text_open, std::int64_t latency_ms) {
  std::string frames;
  int index = 0;
  if (text_open) {
    frames += encode_event("contentBlockStop", {{"contentBlockIndex", index}});
    ++index;
  }
  for (const ToolCall& call : answer.tool_calls) {
    frames += encode_event("contentBlockStart",
                           {{"start", {{"toolUse", {{"toolUseId", call.id}, {"name", call.name}}}}},
                            {"contentBlockIndex", index}});
    frames += encode_event(
        "contentBlockDelta",
        {{"delta", {{"toolUse", {{"input", call.arguments}}}}}, {"contentBlockIndex", index}});
    frames += encode_event("contentBlockStop", {{"contentBlockIndex", index}});
    ++index;
  }
  frames += encode_event("messageStop", {{"stopReason", stop_reason(answer)}});
  Json metadata{{"usage", usage_json(answer)}, {"metrics", {{"latencyMs", latency_ms}}}};
  if (!answer.guard_trace.is_null()) metadata["trace"] = trace_json(answer);
  return frames + encode_event("metadata", metadata);
}

Json llama_response(const ChatAnswer& answer) {
  const bool length = answer.finish == ChatFinish::kLength || answer.finish == ChatFinish::kTimeout;
  Json body{{"generation", answer.text},
            {"prompt_token_count", answer.prompt_tokens},
            {"generation_token_count", answer.completion_tokens},
            {"stop_reason", length ? "length" : "stop"}};
  if (answer.finish == ChatFinish::kContentFilter) {
    body["amazon-bedrock-guardrailAction"] = "INTERVENED";
  }
  return body;
}

std::string invoke_chunk(std::string_view payload) {
  return encode_event("chunk", {{"bytes", base64_text(payload)}});
}

Json invocation_metrics(const ChatAnswer& answer, std::int64_t latency_ms,
                        std::int64_t first_byte_ms) {
  return {{"inputTokenCount", answer.prompt_tokens},
          {"outputTokenCount", answer.completion_tokens},
          {"invocationLatency", latency_ms},
          {"firstByteLatency", first_byte_ms}};
}

Result<Json> apply_guardrail(const Guardrail& guardrail, const GuardrailApplication& application) {
  std::vector<GuardText> texts;
  for (const Json& text : application.texts) {
    texts.push_back({json_text(text, "text"), "", json_text(text, "use")});
  }
  const auto side = application.side == "INPUT" ? GuardSide::kInput : GuardSide::kOutput;
  RESIDENCY_TRY(const auto decision, guardrail.check(side, texts, application.all));
  const char* action = decision.action == GuardDecision::Action::kBlocked  ? "blocked"
                       : decision.action == GuardDecision::Action::kMasked ? "masked"
                                                                           : "none";
  return Json{{"action", action},
              {"texts", decision.texts},
              {"assessment", decision.assessment},
              {"usage", decision.usage}};
}

Json apply_guardrail_response(const Json& decision, const GuardrailApplication& application) {
  const std::string action = json_text(decision, "action");
  Json usage{{"topicPolicyUnits", 0},
             {"contentPolicyUnits", 0},
             {"wordPolicyUnits", 0},
             {"sensitiveInformationPolicyUnits", 0},
             {"sensitiveInformationPolicyFreeUnits", 0},
             {"contextualGroundingPolicyUnits", 0}};
  usage.update(json_member(decision, "usage").is_object() ? json_member(decision, "usage")
                                                          : Json::object());
  Json outputs = Json::array();
  if (action != "none") {
    for (const Json& text : json_member(decision, "texts")) outputs.push_back({{"text", text}});
  }
  std::size_t characters = 0;
  for (const Json& text : application.texts) {
    for (const char c : json_text(text, "text")) {
      characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    }
  }
  Json assessments = Json::array();
  const Json& assessment = json_member(decision, "assessment");
  if (assessment.is_object()) assessments.push_back(assessment);
  return {{"usage", std::move(usage)},
          {"action", action == "none" ? "NONE" : "GUARDRAIL_INTERVENED"},
          {"actionReason", action == "none"      ? "No action."
                           : action == "blocked" ? "Guardrail blocked."
                                                 : "Guardrail masked."},
          {"outputs", std::move(outputs)},
          {"assessments", std::move(assessments)},
          {"guardrailCoverage",
           {{"textCharacters", {{"guarded", characters}, {"total", characters}}}}}};
}

BedrockError bedrock_error(const Error& error, bool timeout) {
  if (timeout) return {"ModelTimeoutException", 408, "modelTimeoutException"};
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidInput:
      return {"ValidationException", 400, "validationException"};
    case ErrorCode::kNotFound:
      return {"ResourceNotFoundException", 404, "validationException"};
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnauthenticated:
      return {"AccessDeniedException", 403, "validationException"};
    case ErrorCode::kResourceExhausted:
      return {"ThrottlingException", 429, "throttlingException"};
    case ErrorCode::kFailedPrecondition:
      return {"ModelNotReadyException", 429, "serviceUnavailableException"};
    default:
      return {"InternalServerException", 500, "internalServerException"};
  }
}

}  // namespace residency::serve
