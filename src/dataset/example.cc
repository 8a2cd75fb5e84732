#include "dataset/example.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/json.h"
#include "dataset/example_groups.h"
#include "dataset/foreign_lines.h"
#include "dataset/labelled_example.h"

namespace residency::dataset {
namespace {

/// The keys of a map may only be these.
template <std::size_t N>
Result<void> known_keys(const Json& object, const std::array<std::string_view, N>& known,
                        std::string_view where) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    // A key can be record text gone astray: it is shown only where it looks like a name.
    const bool shown = key.size() <= 32 && std::all_of(key.begin(), key.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
                       });
    return invalid_input(
        fmt::format("unknown field in {}: {}", where, shown ? key : "(not shown)"));
  }
  return {};
}

Result<std::string> optional_text(const Json& object, std::string_view key) {
  const Json& value = json_member(object, key);
  if (value.is_null()) return std::string();
  if (!value.is_string()) return invalid_input(fmt::format("must be a text: {}", key));
  return value.get_ref<const std::string&>();
}

/// A text, or the parts of a message as Bedrock ({"text":…}) and OpenAI ({"type":"text","text":…})
/// write them, joined.
Result<std::string> content_text(const Json& value, const std::string& field) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (!value.is_array()) return invalid_input("must be a text or a list of text parts: " + field);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Json& part = value[i];
    const std::string where = fmt::format("{}[{}]", field, i);
    if (!part.is_object()) return invalid_input("must be a text part: " + where);
    RESIDENCY_TRY_VOID(known_keys(part, std::array<std::string_view, 2>{"type", "text"}, where));
    const std::string type = json_text(part, "type", part.contains("type") ? "" : "text");
    if (type != "text" || !json_member(part, "text").is_string()) {
      return invalid_input("only text parts are accepted: " + where);
    }
    text += json_text(part, "text");
  }
  return text;
}

Result<Message> read_message(const Json& value, std::size_t index) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!value.is_object()) return invalid_input("must be an object: " + where);
  RESIDENCY_TRY_VOID(known_keys(
      value, std::array<std::string_view, 4>{"role", "content", "weight", "name"}, where));
  Message message;
  message.role = json_text(value, "role");
  if (message.role != "system" && message.role != "user" && message.role != "assistant") {
    return invalid_input("must be system, user or assistant: " + where + ".role");
  }
  RESIDENCY_TRY(message.content, content_text(json_member(value, "content"), where + ".content"));
  if (const Json& weight = json_member(value, "weight"); !weight.is_null()) {
    const bool whole = weight.is_number() && (weight == 0 || weight == 1);
    if (!whole || message.role != "assistant")
      return invalid_input("must be 0 or 1, of an assistant's message: " + where + ".weight");
    message.weight = weight == 1 ? TurnWeight::kTrained : TurnWeight::kPassedOver;
  }
  return message;
}

Result<std::vector<Message>> read_messages(const Json& line) {
  const Json& list = json_member(line, "messages");
  if (!list.is_array() || list.empty()) {
    return invalid_input("must be a list with at least two messages: messages");
  }
  if (list.size() > kMessagesMax) {
    return invalid_input(fmt::format("more than {} items: messages", kMessagesMax));
  }
  std::vector<Message> messages;
  if (line.contains("system")) {
    RESIDENCY_TRY(auto system, content_text(json_member(line, "system"), "system"));
    messages.push_back({"system", std::move(system)});
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    RESIDENCY_TRY(auto message, read_message(list[i], i));
    messages.push_back(std::move(message));
  }
  return messages;
}

Result<std::vector<Message>> read_pair(const Json& line) {
  std::vector<Message> messages;
  const char* const answer = line.contains("chosen") ? "chosen" : "completion";
  for (const auto& [key, role] : {std::pair{"prompt", "user"}, {answer, "assistant"}}) {
    const Json& value = json_member(line, key);
    if (!value.is_string()) return invalid_input(fmt::format("must be a text: {}", key));
    messages.push_back({role, value.get_ref<const std::string&>()});
  }
  if (line.contains("system")) {
    RESIDENCY_TRY(auto system, content_text(json_member(line, "system"), "system"));
    messages.insert(messages.begin(), Message{"system", std::move(system)});
  }
  return messages;
}

Result<std::vector<std::string>> read_labels(const Json& line) {
  std::vector<std::string> labels;
  const Json& list = json_member(line, "labels");
  if (list.is_null()) return labels;
  if (!list.is_array()) return invalid_input("must be a list of texts: labels");
  if (list.size() > kLabelsMax) {
    return invalid_input(fmt::format("more than {} items: labels", kLabelsMax));
  }
  for (const Json& label : list) {
    if (!label.is_string()) return invalid_input("must be a list of texts: labels");
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

}  // namespace

Result<void> check_example(const Example& example) {
  if (example.format == Format::kLabelled || example.format == Format::kText)
    return check_labelled(example);
  const auto& messages = example.messages;
  if (messages.size() < 2 || messages.back().role != "assistant") {
    return invalid_input("the last message must be the assistant's: messages");
  }
  bool user = false;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string field = fmt::format("messages[{}]", i);
    if (messages[i].role == "system" && i > 0) {
      return invalid_input("only the first message may be the system's: " + field);
    }
    if (messages[i].content.empty() && messages[i].role != "system") {
      return invalid_input("is empty: " + field + ".content");
    }
    if (messages[i].content.find('\0') != std::string::npos) {
      return invalid_input("holds a NUL character: " + field + ".content");
    }
    user = user || messages[i].role == "user";
  }
  if (example.rejected.find('\0') != std::string::npos) {
    return invalid_input("holds a NUL character: rejected");
  }
  if (!user) return invalid_input("at least one message must be the user's: messages");
  if (example.format == Format::kCompletion && messages.size() != 2) {
    return invalid_input("a completion has exactly a user and an assistant message: messages");
  }
  return {};
}

std::string to_json_line(const Example& example) {
  if (example.format == Format::kLabelled) return labelled_json_line(example);
  if (example.format == Format::kText) return text_json_line(example);
  Json line = Json::object();
  line["id"] = example.id;
  line["patient"] = example.patient;
  Json messages = Json::array();
  for (const Message& message : example.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
    if (message.weight != TurnWeight::kUnsaid)
      messages.back()["weight"] = message.weight == TurnWeight::kTrained ? 1 : 0;
  }
  line["messages"] = std::move(messages);
  line["labels"] = example.labels;
  line["category"] = example.category;
  if (!example.groups.empty()) line["groups"] = example.groups;
  if (example.judgement != Judgement::kNone)
    line["label"] = example.judgement == Judgement::kDesirable;
  if (!example.rejected.empty()) line["rejected"] = example.rejected;
  if (example.format == Format::kCompletion) line["format"] = "completion";
  return dump_json(line);
}

Result<Example> example_from_json_line(std::string_view line) {
  RESIDENCY_TRY(const auto json, parse_json(line));
  if (!json.is_object()) return invalid_input("must be an object: line");
  if (is_labelled(json)) return labelled_from_json(json);
  if (is_text_line(json)) return text_from_json(json);
  const bool alpaca = is_alpaca(json);
  const bool sharegpt = is_sharegpt(json);
  // Other programs' lines carry fields of their own (sources, languages...) that say nothing here.
  if (!alpaca && !sharegpt) {
    RESIDENCY_TRY_VOID(known_keys(
        json,
        std::array<std::string_view, 14>{"label", "id", "patient", "messages", "labels", "category",
                                         "groups", "format", "prompt", "completion", "chosen",
                                         "rejected", "schemaVersion", "system"},
        "line"));
  }
  Example example;
  RESIDENCY_TRY(example.id, optional_text(json, "id"));
  RESIDENCY_TRY(example.patient, optional_text(json, "patient"));
  RESIDENCY_TRY(example.category, optional_text(json, "category"));
  RESIDENCY_TRY(const auto schema, optional_text(json, "schemaVersion"));
  if (!schema.empty() && schema != "bedrock-conversation-2024") {
    return invalid_input("must be bedrock-conversation-2024: schemaVersion");
  }
  RESIDENCY_TRY(const auto format, optional_text(json, "format"));
  if (!format.empty() && format != "chat" && format != "completion") {
    return invalid_input("must be chat or completion: format");
  }
  if (format == "completion") example.format = Format::kCompletion;
  RESIDENCY_TRY(example.rejected, optional_text(json, "rejected"));
  if (const Json& label = json_member(json, "label"); !label.is_null()) {
    if (!label.is_boolean()) return invalid_input("must be true or false: label");
    example.judgement = label.get<bool>() ? Judgement::kDesirable : Judgement::kUndesirable;
  }
  if (json.contains("chosen") && (json.contains("completion") || example.rejected.empty())) {
    return invalid_input("chosen goes with rejected, and without completion: line");
  }
  const bool pair =
      json.contains("prompt") || json.contains("completion") || json.contains("chosen");
  if (pair && json.contains("messages")) {
    return invalid_input("either messages or prompt and completion, not both: line");
  }
  if (alpaca || sharegpt) {
    RESIDENCY_TRY(example.messages, alpaca ? alpaca_messages(json) : sharegpt_messages(json));
  } else {
    RESIDENCY_TRY(example.messages, pair ? read_pair(json) : read_messages(json));
  }
  RESIDENCY_TRY(example.labels, read_labels(json));
  RESIDENCY_TRY(example.groups, read_groups(json));
  RESIDENCY_TRY_VOID(check_example(example));
  return example;
}

}  // namespace residency::dataset
