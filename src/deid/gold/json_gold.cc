#include "deid/gold/json_gold.h"

#include <fmt/format.h>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

const Json* first_of(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

Result<std::vector<MarkedSpan>> read_json_spans(const Json& object, const std::string& where) {
  const Json* spans = first_of(object, {"spans", "entities", "labels"});
  if (spans == nullptr || !spans->is_array()) return invalid_input("no list of spans: " + where);
  std::vector<MarkedSpan> marked;
  for (const Json& span : *spans) {
    if (!span.is_object()) return invalid_input("a span that is no object: " + where);
    const Json* begin = first_of(span, {"start", "begin", "start_position"});
    const Json* end = first_of(span, {"end", "end_position"});
    const Json* label = first_of(span, {"label", "class", "entity_type", "type"});
    if (begin == nullptr || end == nullptr || label == nullptr || !begin->is_number_unsigned() ||
        !end->is_number_unsigned() || !label->is_string()) {
      return invalid_input("a span without start, end and label: " + where);
    }
    marked.push_back(
        {begin->get<std::size_t>(), end->get<std::size_t>(), label->get<std::string>()});
  }
  return marked;
}

namespace {

/// "known": {"values": [{"class", "value"}], "birth_date"}: what the patient's record says.
Result<void> read_known(const Json& object, const std::string& where, KnownPhi& known) {
  const Json& given = json_member(object, "known");
  if (given.is_null()) return {};
  if (!given.is_object()) return invalid_input("known: must be an object: " + where);
  known.birth_date = json_text(given, "birth_date");
  const Json& values = json_member(given, "values");
  if (values.is_null()) return {};
  if (!values.is_array()) return invalid_input("known.values: must be a list: " + where);
  for (const Json& value : values) {
    const auto phi_class = phi_class_of_label(json_text(value, "class"));
    const std::string text = json_text(value, "value");
    if (!phi_class || text.empty())
      return invalid_input("known.values: an entry without class and value: " + where);
    known.values.push_back({*phi_class, text});
  }
  return {};
}

Result<GoldDocument> read_object(const Json& object, const std::string& where, OffsetUnit unit,
                                 const LabelOptions& labels) {
  if (!object.is_object()) return invalid_input("a document that is no object: " + where);
  const Json* text = first_of(object, {"text", "full_text"});
  if (text == nullptr || !text->is_string()) return invalid_input("no text: " + where);
  GoldDocument document;
  document.text = text->get<std::string>();
  const Json* id = first_of(object, {"id", "note_id"});
  document.id = id != nullptr && id->is_string() ? id->get<std::string>() : where;
  RESIDENCY_TRY_VOID(read_known(object, where, document.known));
  RESIDENCY_TRY(const auto marked, read_json_spans(object, where));
  RESIDENCY_TRY_VOID(add_spans(document, marked, unit, labels, where));
  return document;
}

}  // namespace

Result<void> each_json_line(
    std::string_view lines, const std::string& name,
    const std::function<Result<void>(const Json&, const std::string&)>& take) {
  std::size_t number = 0;
  while (!lines.empty()) {
    ++number;
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}:{}", name, number);
    const auto json = parse_json(line);
    if (!json.ok()) return invalid_input("not JSON: " + where);
    RESIDENCY_TRY_VOID(take(*json, where));
  }
  return {};
}

Result<std::vector<GoldDocument>> read_json_gold(std::string_view json, const std::string& name,
                                                 OffsetUnit unit, const LabelOptions& labels) {
  std::vector<GoldDocument> documents;
  const auto add = [&](const Json& object, const std::string& where) -> Result<void> {
    RESIDENCY_TRY(auto document, read_object(object, where, unit, labels));
    documents.push_back(std::move(document));
    return {};
  };
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && json[first] == '[') {
    const auto array = parse_json(json);
    if (!array.ok()) return invalid_input("not JSON: " + name);
    for (std::size_t i = 0; i < array->size(); ++i) {
      RESIDENCY_TRY_VOID(add((*array)[i], fmt::format("{}[{}]", name, i)));
    }
    return documents;
  }
  RESIDENCY_TRY_VOID(each_json_line(json, name, add));
  return documents;
}

}  // namespace residency::deid
