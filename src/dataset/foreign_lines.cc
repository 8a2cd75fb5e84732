#include "dataset/foreign_lines.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace residency::dataset {
namespace {

Result<std::string> text_at(const Json& object, const char* key, const std::string& where) {
  const Json& value = json_member(object, key);
  if (value.is_null()) return std::string();
  if (!value.is_string()) return invalid_input("must be a text: " + where + key);
  return value.get<std::string>();
}

Result<void> read_history(const Json& line, std::vector<Message>& messages) {
  const Json& history = json_member(line, "history");
  if (history.is_null()) return {};
  if (!history.is_array() || history.size() > kMessagesMax / 2)
    return invalid_input("must be a list of pairs of texts: history");
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Json& turn = history[i];
    if (!turn.is_array() || turn.size() != 2 || !turn[0].is_string() || !turn[1].is_string())
      return invalid_input(fmt::format("must be a pair of texts: history[{}]", i));
    messages.push_back({"user", turn[0].get<std::string>()});
    messages.push_back({"assistant", turn[1].get<std::string>()});
  }
  return {};
}

/// The role of a speaker; "" for one that is not known.
std::string role_of(const std::string& speaker) {
  constexpr std::array<std::string_view, 6> kAssistants{"gpt",  "assistant", "chatgpt",
                                                        "bing", "bard",      "model"};
  if (speaker == "human" || speaker == "user") return "user";
  if (speaker == "system") return "system";
  const bool known =
      std::find(kAssistants.begin(), kAssistants.end(), speaker) != kAssistants.end();
  return known ? "assistant" : "";
}

}  // namespace

bool is_alpaca(const Json& line) { return line.contains("instruction"); }

Result<std::vector<Message>> alpaca_messages(const Json& line) {
  std::vector<Message> messages;
  RESIDENCY_TRY(std::string system, text_at(line, "system", ""));
  if (!system.empty()) messages.push_back({"system", std::move(system)});
  RESIDENCY_TRY_VOID(read_history(line, messages));
  RESIDENCY_TRY(std::string question, text_at(line, "instruction", ""));
  RESIDENCY_TRY(const std::string input, text_at(line, "input", ""));
  RESIDENCY_TRY(std::string answer, text_at(line, "output", ""));
  if (!input.empty()) question += (question.empty() ? "" : "\n\n") + input;
  messages.push_back({"user", std::move(question)});
  messages.push_back({"assistant", std::move(answer)});
  return messages;
}

bool is_sharegpt(const Json& line) { return line.contains("conversations"); }

Result<std::vector<Message>> sharegpt_messages(const Json& line) {
  const Json& turns = json_member(line, "conversations");
  if (!turns.is_array() || turns.empty() || turns.size() > kMessagesMax)
    return invalid_input(
        fmt::format("must be a list of 1 to {} turns: conversations", kMessagesMax));
  std::vector<Message> messages;
  RESIDENCY_TRY(std::string system, text_at(line, "system", ""));
  if (!system.empty()) messages.push_back({"system", std::move(system)});
  bool user = false;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const std::string where = fmt::format("conversations[{}]", i);
    if (!turns[i].is_object()) return invalid_input("must be an object: " + where);
    RESIDENCY_TRY(const std::string speaker, text_at(turns[i], "from", where + "."));
    const std::string role = role_of(speaker);
    if (role.empty()) return invalid_input("must be human, gpt or system: " + where + ".from");
    if (!json_member(turns[i], "value").is_string())
      return invalid_input("must be a text: " + where + ".value");
    user = user || role == "user";
    if (role == "assistant" && !user) continue;
    messages.push_back({role, turns[i]["value"].get<std::string>()});
  }
  while (!messages.empty() && messages.back().role != "assistant") messages.pop_back();
  return messages;
}

}  // namespace residency::dataset
