#include "dataset/labelled_example.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "dataset/example_groups.h"

namespace residency::dataset {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The byte at which each code point begins, and the text's end.
std::vector<std::size_t> code_point_starts(const std::string& text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(text[i])) starts.push_back(i);
  }
  starts.push_back(text.size());
  return starts;
}

Result<std::string> text_of(const Json& line, const char* key) {
  const Json& value = json_member(line, key);
  if (value.is_null()) return std::string();
  if (!value.is_string()) return invalid_input(fmt::format("must be a text: {}", key));
  return value.get<std::string>();
}

Result<void> check_keys(const Json& object, const std::vector<std::string_view>& known,
                        std::string_view where) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      return invalid_input(fmt::format("unknown field in {}", where));
  }
  return {};
}

Result<LabelledSpan> read_entity(const Json& entity, std::size_t index,
                                 const std::vector<std::size_t>& starts) {
  const std::string where = fmt::format("entities[{}]", index);
  if (!entity.is_object()) return invalid_input("must be an object: " + where);
  RESIDENCY_TRY_VOID(check_keys(entity, {"start", "end", "type"}, where));
  std::array<std::size_t, 2> bytes{};
  for (std::size_t i = 0; i < 2; ++i) {
    const char* const key = i == 0 ? "start" : "end";
    const Json& value = json_member(entity, key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
        value.get<std::uint64_t>() >= starts.size())
      return invalid_input(fmt::format("must be a place in the text: {}.{}", where, key));
    bytes[i] = starts[value.get<std::size_t>()];
  }
  LabelledSpan span{bytes[0], bytes[1], ""};
  const Json& type = json_member(entity, "type");
  if (!type.is_string()) return invalid_input("must be a text: " + where + ".type");
  span.type = type.get<std::string>();
  return span;
}

Result<std::vector<std::string>> read_labels(const Json& line) {
  std::vector<std::string> labels;
  if (line.contains("label")) {
    if (line.contains("labels")) return invalid_input("either label or labels, not both: line");
    const Json& label = json_member(line, "label");
    if (!label.is_string()) return invalid_input("must be a text: label");
    labels.push_back(label.get<std::string>());
  }
  const Json& list = json_member(line, "labels");
  if (list.is_null()) return labels;
  if (!list.is_array() || list.size() > kLabelsMax)
    return invalid_input(fmt::format("must be a list of at most {} texts: labels", kLabelsMax));
  for (const Json& label : list) {
    if (!label.is_string()) return invalid_input("must be a list of texts: labels");
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

}  // namespace

bool is_labelled(const Json& line) {
  return line.contains("text") &&
         (line.contains("label") || line.contains("labels") || line.contains("entities"));
}

Result<Example> labelled_from_json(const Json& line) {
  RESIDENCY_TRY_VOID(check_keys(
      line, {"id", "patient", "category", "groups", "text", "label", "labels", "entities"},
      "line"));
  Example example;
  example.format = Format::kLabelled;
  RESIDENCY_TRY(example.id, text_of(line, "id"));
  RESIDENCY_TRY(example.patient, text_of(line, "patient"));
  RESIDENCY_TRY(example.category, text_of(line, "category"));
  RESIDENCY_TRY(std::string text, text_of(line, "text"));
  RESIDENCY_TRY(example.labels, read_labels(line));
  RESIDENCY_TRY(example.groups, read_groups(line));
  const Json& entities = json_member(line, "entities");
  if (!entities.is_null()) {
    if (!entities.is_array() || entities.size() > kEntitiesMax)
      return invalid_input(
          fmt::format("must be a list of at most {} items: entities", kEntitiesMax));
    const auto starts = code_point_starts(text);
    for (std::size_t i = 0; i < entities.size(); ++i) {
      RESIDENCY_TRY(auto span, read_entity(entities[i], i, starts));
      example.entities.push_back(std::move(span));
    }
    std::sort(example.entities.begin(), example.entities.end());
  }
  example.messages.push_back({"user", std::move(text)});
  RESIDENCY_TRY_VOID(check_labelled(example));
  return example;
}

std::string labelled_json_line(const Example& example) {
  const std::string& text = example.messages.front().content;
  const auto starts = code_point_starts(text);
  const auto place = [&](std::size_t byte) {
    return std::lower_bound(starts.begin(), starts.end(), byte) - starts.begin();
  };
  Json entities = Json::array();
  for (const LabelledSpan& span : example.entities) {
    entities.push_back(
        {{"start", place(span.begin)}, {"end", place(span.end)}, {"type", span.type}});
  }
  Json line = {{"id", example.id}, {"patient", example.patient}, {"category", example.category},
               {"text", text},     {"labels", example.labels},   {"entities", std::move(entities)}};
  if (!example.groups.empty()) line["groups"] = example.groups;
  return dump_json(line);
}

bool is_text_line(const Json& line) { return line.contains("text") && !is_labelled(line); }

Result<Example> text_from_json(const Json& line) {
  RESIDENCY_TRY_VOID(check_keys(line, {"id", "patient", "category", "text"}, "line"));
  Example example;
  example.format = Format::kText;
  RESIDENCY_TRY(example.id, text_of(line, "id"));
  RESIDENCY_TRY(example.patient, text_of(line, "patient"));
  RESIDENCY_TRY(example.category, text_of(line, "category"));
  RESIDENCY_TRY(std::string text, text_of(line, "text"));
  example.messages.push_back({"user", std::move(text)});
  RESIDENCY_TRY_VOID(check_labelled(example));
  return example;
}

std::string text_json_line(const Example& example) {
  return dump_json({{"id", example.id},
                    {"patient", example.patient},
                    {"category", example.category},
                    {"text", example.messages.front().content}});
}

Result<void> check_labelled(const Example& example) {
  if (example.messages.size() != 1 || example.messages.front().role != "user")
    return invalid_input("a labelled text is one user message: messages");
  const std::string& text = example.messages.front().content;
  if (text.empty()) return invalid_input("is empty: text");
  if (text.find('\0') != std::string::npos) return invalid_input("holds a NUL character: text");
  for (const std::string& label : example.labels) {
    if (label.empty()) return invalid_input("holds an empty text: labels");
  }
  for (std::size_t i = 0; i < example.entities.size(); ++i) {
    const LabelledSpan& span = example.entities[i];
    const std::string where = fmt::format("entities[{}]", i);
    if (span.begin >= span.end || span.end > text.size())
      return invalid_input("is no stretch of the text: " + where);
    if (is_continuation(text[span.begin]) ||
        (span.end < text.size() && is_continuation(text[span.end])))
      return invalid_input("cuts a character: " + where);
    if (span.type.empty()) return invalid_input("is empty: " + where + ".type");
  }
  return {};
}

}  // namespace residency::dataset
