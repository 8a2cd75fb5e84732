#include "serve/chat.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace residency::serve {
namespace {

constexpr float kTemperatureMax = 2;
constexpr int kTopKMax = 100'000;

bool is_role(const std::string& role) {
  return role == "system" || role == "user" || role == "assistant" || role == "tool";
}

Error refuse(std::string& param, std::string where, const std::string& why) {
  param = std::move(where);
  return invalid_argument(param + ": " + why);
}

Result<void> check_messages(const ChatRequest& request, const ChatLimits& limits,
                            std::string& param) {
  if (request.prompt) {
    if (request.prompt->empty() || request.prompt->size() > limits.content_bytes_max) {
      return refuse(param, "prompt",
                    "must have 1 to " + std::to_string(limits.content_bytes_max) + " bytes");
    }
    if (request.prompt->find('\0') != std::string::npos) {
      return refuse(param, "prompt", "must not hold U+0000");
    }
    return {};
  }
  if (request.messages.empty()) return refuse(param, "messages", "give at least one");
  if (request.messages.size() > static_cast<std::size_t>(limits.messages_max)) {
    return refuse(param, "messages", "give at most " + std::to_string(limits.messages_max));
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const auto& message = request.messages[i];
    const std::string where = "messages[" + std::to_string(i) + "]";
    if (!is_role(message.role)) {
      return refuse(param, where + ".role",
                    "must be one of system, developer, user, assistant, tool");
    }
    if (message.content.find('\0') != std::string::npos) {
      return refuse(param, where + ".content", "must not hold U+0000");
    }
    bytes += message.content.size();
    for (const ToolCall& call : message.tool_calls) bytes += call.arguments.size();
    if (bytes > limits.content_bytes_max) {
      return refuse(param, where + ".content",
                    "all messages together may have at most " +
                        std::to_string(limits.content_bytes_max) + " bytes");
    }
  }
  if (request.messages.back().role == "assistant") {
    return refuse(param, "messages", "the last one must not be the assistant's");
  }
  return {};
}

Result<void> check_stops(const ChatRequest& request, const ChatLimits& limits, std::string& param) {
  const auto& stops = request.sampling.stop;
  if (stops.size() > static_cast<std::size_t>(limits.stops_max)) {
    return refuse(param, "stop", "give at most " + std::to_string(limits.stops_max));
  }
  for (const std::string& stop : stops) {
    if (stop.empty() || stop.size() > limits.stop_bytes_max) {
      return refuse(param, "stop",
                    "each must have 1 to " + std::to_string(limits.stop_bytes_max) + " bytes");
    }
  }
  return {};
}

Result<void> check_tools(const ChatRequest& request, const ChatLimits& limits, std::string& param) {
  if (request.tools.size() > static_cast<std::size_t>(limits.tools_max)) {
    return refuse(param, "tools", "give at most " + std::to_string(limits.tools_max));
  }
  const auto is_name = [](const std::string& name) {
    return !name.empty() && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
             return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
           });
  };
  bool named = request.tool_named.empty();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const Tool& tool = request.tools[i];
    const std::string where = "tools[" + std::to_string(i) + "]";
    if (!is_name(tool.name)) {
      return refuse(param, where + ".function.name", "must be 1 to 64 of [A-Za-z0-9_.-]");
    }
    bytes += tool.description.size() + dump_json(tool.parameters).size();
    if (bytes > limits.content_bytes_max) return refuse(param, where, "the tools are too large");
    named = named || tool.name == request.tool_named;
  }
  if (!named) return refuse(param, "tool_choice", "names none of the tools");
  if (request.tool_use == ToolUse::kRequired && request.tools.empty()) {
    return refuse(param, "tool_choice", "there are no tools");
  }
  const int constraints = (request.schema ? 1 : 0) + (request.sampling.grammar.empty() ? 0 : 1) +
                          (request.tool_use == ToolUse::kRequired ? 1 : 0);
  if (constraints > 1) {
    return refuse(param, "response_format", "only one of a format, a grammar and a required tool");
  }
  return {};
}

}  // namespace

Result<void> check_chat_request(const ChatRequest& request, const ChatLimits& limits,
                                std::string& param) {
  const auto& sampling = request.sampling;
  RESIDENCY_TRY_VOID(check_messages(request, limits, param));
  if (sampling.tokens_max < 1 || sampling.tokens_max > limits.tokens_max) {
    return refuse(param, "max_tokens",
                  "must be between 1 and " + std::to_string(limits.tokens_max) + ", not " +
                      std::to_string(sampling.tokens_max));
  }
  if (!(sampling.temperature >= 0 && sampling.temperature <= kTemperatureMax)) {
    return refuse(param, "temperature", "must be between 0 and 2");
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    return refuse(param, "top_p", "must be above 0 and at most 1");
  }
  if (sampling.top_k < 0 || sampling.top_k > kTopKMax) {
    return refuse(param, "top_k", "must be between 0 and 100000");
  }
  if (request.top_logprobs > infer::kTopLogprobsMax) {
    return refuse(param, "top_logprobs", "must be between 0 and 20");
  }
  RESIDENCY_TRY_VOID(check_tools(request, limits, param));
  return check_stops(request, limits, param);
}

}  // namespace residency::serve
