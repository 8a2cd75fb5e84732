#include "serve/tools.h"

#include <algorithm>
#include <array>

#include "serve/json_grammar.h"

namespace residency::serve {
namespace {

constexpr std::string_view kBegin = "<tool_call>";
constexpr std::string_view kEnd = "</tool_call>";
constexpr std::string_view kIntroduction =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are "
    "provided with function signatures within <tools></tools> XML tags:\n<tools>";
constexpr std::string_view kInstruction =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
    "within <tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, "
    "\"arguments\": <args-json-object>}\n</tool_call>";

std::string tool_line(const Tool& tool) {
  Json function{{"name", tool.name}, {"parameters", tool.parameters}};
  if (!tool.description.empty()) function["description"] = tool.description;
  return "\n" + dump_json({{"type", "function"}, {"function", std::move(function)}});
}

Error refuse_mark(std::size_t i) {
  return invalid_argument("messages[" + std::to_string(i) +
                          "].content: must not spell the mark of a tool call");
}

bool spells_mark(std::string_view text) {
  constexpr std::array<std::string_view, 6> kMarks{
      "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"};
  return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return text.find(mark) != std::string_view::npos;
  });
}

}  // namespace

bool template_has_tools(std::string_view chat_template) {
  return chat_template.find("tools") != std::string_view::npos &&
         chat_template.find(kBegin) != std::string_view::npos;
}

Result<std::vector<infer::ChatMessage>> messages_for_template(const ChatRequest& request,
                                                              std::string_view chat_template) {
  const bool speaks_of_tools =
      !request.tools.empty() ||
      std::any_of(request.messages.begin(), request.messages.end(), [](const ChatMessage& message) {
        return message.role == "tool" || !message.tool_calls.empty();
      });
  std::vector<infer::ChatMessage> made;
  if (!speaks_of_tools) {
    for (const auto& message : request.messages) made.push_back({message.role, message.content});
    return made;
  }
  if (!template_has_tools(chat_template)) {
    return invalid_argument("tools: the model's chat template has none");
  }
  const bool told = !request.tools.empty() && request.tool_use != ToolUse::kNone;
  if (told) {
    std::string text(kIntroduction);
    for (const Tool& tool : request.tools) text += tool_line(tool);
    text += kInstruction;
    made.push_back({"system", std::move(text)});
  }
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const ChatMessage& message = request.messages[i];
    if (spells_mark(message.content)) return refuse_mark(i);
    std::string text = message.content;
    if (message.role == "tool") {
      text = "<tool_response>\n" + text + "\n</tool_response>";
      if (i > 0 && request.messages[i - 1].role == "tool") {
        made.back().content += "\n" + text;
        continue;
      }
      made.push_back({"user", std::move(text)});
      continue;
    }
    for (const ToolCall& call : message.tool_calls) {
      if (spells_mark(call.arguments)) return refuse_mark(i);
      text += (text.empty() ? "" : "\n") + std::string(kBegin) +
              "\n{\"name\": " + dump_json(Json(call.name)) + ", \"arguments\": " + call.arguments +
              "}\n" + std::string(kEnd);
    }
    if (i == 0 && message.role == "system" && told) {
      made.front().content = text + "\n\n" + made.front().content;
      continue;
    }
    made.push_back({message.role, std::move(text)});
  }
  return made;
}

Result<std::string> tool_grammar(const ChatRequest& request) {
  Json choices = Json::array();
  for (const Tool& tool : request.tools) {
    if (!request.tool_named.empty() && tool.name != request.tool_named) continue;
    // Members come in the order of their names: the name goes first by being written around.
    choices.push_back(
        {{"type", "object"},
         {"properties", {{"name", {{"const", tool.name}}}, {"arguments", tool.parameters}}},
         {"required", {"name", "arguments"}}});
  }
  auto grammar =
      json_grammar_between({{"anyOf", std::move(choices)}}, "<tool_call>\n", "\n</tool_call>");
  if (grammar.ok()) return grammar;
  return grammar.error().with_context("tools");
}

std::string ToolCallReader::feed(std::string_view text) {
  held_ += text;
  return take_whole_calls();
}

std::string ToolCallReader::take_whole_calls() {
  std::string out;
  while (true) {
    // Calls stand on lines of their own: the end of such a line is no text.
    if (after_call_ && !held_.empty()) {
      after_call_ = false;
      if (held_.front() == '\n') held_.erase(0, 1);
    }
    const auto begin = held_.find(kBegin);
    if (begin == std::string::npos) {
      // What could still become the mark stays.
      std::size_t kept = std::min(held_.size(), kBegin.size() - 1);
      while (kept > 0 && held_.compare(held_.size() - kept, kept, kBegin, 0, kept) != 0) --kept;
      out += held_.substr(0, held_.size() - kept);
      held_.erase(0, held_.size() - kept);
      return out;
    }
    out += held_.substr(0, begin);
    held_.erase(0, begin);
    const auto end = held_.find(kEnd);
    if (end == std::string::npos) return out;
    const std::string call = held_.substr(0, end + kEnd.size());
    held_.erase(0, call.size());
    const auto body = std::string_view(call).substr(kBegin.size(), end - kBegin.size());
    after_call_ = read_call(body);
    if (!after_call_) out += call;
  }
}

bool ToolCallReader::read_call(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed.ok()) return false;
  const std::string name = json_text(*parsed, "name");
  const Json& arguments = json_member(*parsed, "arguments");
  const bool known = std::any_of(tools_.begin(), tools_.end(),
                                 [&](const Tool& tool) { return tool.name == name; });
  if (!known || !arguments.is_object()) return false;
  calls_.push_back({"", name, dump_json(arguments)});
  return true;
}

std::string ToolCallReader::finish() {
  std::string out;
  std::swap(out, held_);
  return out;
}

}  // namespace residency::serve
