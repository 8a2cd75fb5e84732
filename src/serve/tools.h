// Tools: how functions are told to a model and how its calls are read from what it writes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"
#include "serve/chat.h"

namespace residency::serve {

/// Whether a chat template knows tools in the form that Hermes and Qwen share: calls between
/// <tool_call> and </tool_call>.
bool template_has_tools(std::string_view chat_template);

/// The messages as the model's template would show them, tools, calls and their answers included.
/// kInvalidArgument where there are tools and the template has none, or where a message spells the
/// marks of a call.
Result<std::vector<infer::ChatMessage>> messages_for_template(const ChatRequest& request,
                                                              std::string_view chat_template);

/// The grammar of an answer that must call a tool.
Result<std::string> tool_grammar(const ChatRequest& request);

/// Splits an answer, as it comes, into text and calls.
class ToolCallReader {
 public:
  explicit ToolCallReader(const std::vector<Tool>& tools) : tools_(tools) {}
  /// Takes text; returns what is no part of a call.
  std::string feed(std::string_view text);
  /// The end: what was begun and is no call is text.
  std::string finish();
  /// Without ids.
  std::vector<ToolCall> take_calls() { return std::move(calls_); }

 private:
  std::string take_whole_calls();
  bool read_call(std::string_view body);

  const std::vector<Tool>& tools_;
  std::string held_;
  bool after_call_ = false;
  std::vector<ToolCall> calls_;
};

}  // namespace residency::serve
