// ChatRequest and ChatAnswer: one exchange, whatever wire it came over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "infer/batch_engine.h"

namespace residency::serve {

/// What an endpoint lets one request ask for.
struct ChatLimits {
  int messages_max = 256;
  std::size_t content_bytes_max = 1u << 20;  // all messages together
  int tokens_default = 256;                  // completion tokens where the request does not say
  int tokens_max = 4096;
  int stops_max = 4;
  std::size_t stop_bytes_max = 256;
  int tools_max = 64;
};

/// A function that the model asked to have called.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // a JSON object
};

/// A function that the model may ask for.
struct Tool {
  std::string name;
  std::string description;
  Json parameters = Json::object();  // a JSON schema
};

struct ChatMessage {
  std::string role;  // system, user, assistant, tool
  std::string content;
  std::vector<ToolCall> tool_calls = {};  // of the assistant
  std::string tool_call_id = {};          // of a tool's answer
  /// What a guardrail takes the text for: "" the conversation, "guard" the only text to look at,
  /// "source" what an answer must be grounded in, "query" what it must answer.
  std::string guard_use = {};
};

/// Which guardrail a request asks for, beside the endpoint's own.
struct GuardChoice {
  std::string id;  // "" for none
  std::string version;
  bool trace = false;  // tell what was found
};

enum class ToolUse : std::uint8_t { kNone, kAuto, kRequired };

struct ChatRequest {
  std::string model;         // the deployment's name
  std::int64_t version = 0;  // of the deployment; 0: as its traffic is split
  std::string caller;
  std::vector<ChatMessage> messages;
  std::optional<std::string> prompt;  // instead of messages: text without a template
  infer::SamplingOptions sampling;
  std::optional<Json> schema;  // the answer is JSON of this schema; null: any JSON object
  std::vector<Tool> tools;
  ToolUse tool_use = ToolUse::kAuto;
  std::string tool_named;  // with kRequired: this one alone
  int top_logprobs = -1;   // -1: none
  GuardChoice guard;
  bool stream = false;
  bool stream_usage = false;  // a last chunk with the usage
};

enum class ChatFinish : std::uint8_t {
  kStop,
  kStopText,  // one of the request's stop strings
  kLength,
  kToolCalls,
  kContentFilter,
  kTimeout,    // the endpoint's time limit; the text so far is given
  kCancelled,  // the client went away
};

struct ChatAnswer {
  std::string text;
  ChatFinish finish = ChatFinish::kStop;
  std::string stopped_by;
  std::vector<ToolCall> tool_calls;
  std::vector<infer::TokenLogprob> logprobs;  // none where the guardrail changed the answer
  int prompt_tokens = 0;
  int cached_tokens = 0;  // of them, kept from earlier requests
  int completion_tokens = 0;
  std::uint64_t spans_filtered = 0;
  std::int64_t version = 0;  // of the deployment that answered
  Json guard_trace;          // what guardrails found, where the request asked
};

/// Checks fields and bounds; the message begins with the field's path, which is left in `param`.
Result<void> check_chat_request(const ChatRequest& request, const ChatLimits& limits,
                                std::string& param);

}  // namespace residency::serve
