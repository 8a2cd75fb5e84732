#include "eval/corpora/own_set.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/json.h"
#include "dataset/example_groups.h"
#include "dataset/labelled_example.h"
#include "eval/corpora/csv_rows.h"

namespace residency::eval::corpora {
namespace {

using dataset::Example;
using dataset::Format;

constexpr std::size_t kTemplateBytesMax = 64u << 10;
constexpr std::size_t kChoicesMax = 26;

struct Fault {
  std::string field;
  std::string_view what;
};

/// A field as text; numbers and truth values as JSON writes them.
std::string field_text(const Json& record, const std::string& field) {
  const Json& value = json_member(record, field);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return dump_json(value);
  return "";
}

/// `text` with each {{field}} filled in; `more` are names that are no fields.
Result<std::string> fill(const std::string& text, const Json& record,
                         const std::map<std::string, std::string>& more, std::string& missing) {
  std::string filled;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("{{", at);
    filled += text.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) return filled;
    const std::size_t close = text.find("}}", open);
    if (close == std::string::npos) return invalid_argument("prompt has {{ without }}");
    const std::string name = text.substr(open + 2, close - open - 2);
    const auto own = more.find(name);
    if (own != more.end()) {
      filled += own->second;
    } else if (record.contains(name)) {
      filled += field_text(record, name);
    } else {
      missing = name;
    }
    at = close + 2;
  }
}

/// The choices' texts out of a list, an object by letter, or a field for each.
std::vector<std::string> choice_texts(const OwnSet& set, const Json& record) {
  std::vector<std::string> texts;
  if (set.choices.size() > 1) {
    for (const std::string& field : set.choices) {
      std::string text = field_text(record, field);
      if (!text.empty()) texts.push_back(std::move(text));
    }
    return texts;
  }
  const Json& all = json_member(record, set.choices.front());
  if (!all.is_array() && !all.is_object()) return texts;
  for (const Json& choice : all) {
    if (choice.is_string()) texts.push_back(choice.get<std::string>());
  }
  return texts.size() == all.size() ? texts : std::vector<std::string>();
}

/// Which choice the answer means; the number of choices where none.
std::size_t answer_index(const OwnSet& set, const std::string& answer,
                         const std::vector<std::string>& choices) {
  const auto named = std::find(choices.begin(), choices.end(), answer);
  if (named != choices.end()) return static_cast<std::size_t>(named - choices.begin());
  if (answer.size() == 1 &&
      ((answer[0] >= 'A' && answer[0] <= 'Z') || (answer[0] >= 'a' && answer[0] <= 'z'))) {
    const auto index = static_cast<std::size_t>((answer[0] | 0x20) - 'a');
    return std::min(index, choices.size());
  }
  std::int64_t number = 0;
  const char* const end = answer.data() + answer.size();
  const auto read = std::from_chars(answer.data(), end, number);
  if (answer.empty() || read.ec != std::errc() || read.ptr != end || number < set.answer_base)
    return choices.size();
  return std::min(static_cast<std::size_t>(number - set.answer_base), choices.size());
}

void put_question(const std::string& prompt, const std::string& answer, Format format,
                  Example& example) {
  example.format = format;
  example.messages.push_back({"user", prompt});
  example.messages.push_back({"assistant", format == Format::kCompletion ? " " + answer : answer});
}

Fault read_choice(const OwnSet& set, const Json& record, Format format, Example& example) {
  const auto choices = choice_texts(set, record);
  if (choices.size() < 2 || choices.size() > kChoicesMax)
    return {set.choices.front(), "must hold two to 26 choices"};
  const std::size_t right = answer_index(set, field_text(record, set.answer), choices);
  if (right == choices.size()) return {set.answer, "is none of the choices"};
  ChoiceItem item;
  item.question = field_text(record, set.question);
  if (item.question.empty()) return {set.question, "missing"};
  if (!set.context.empty()) item.context = field_text(record, set.context);
  std::string lines;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    item.choices.push_back({std::string(1, static_cast<char>('A' + i)), choices[i]});
    lines += fmt::format("{}. {}\n", item.choices.back().label, choices[i]);
  }
  std::string prompt = choice_prompt("medqa", item);
  if (!set.prompt.empty()) {
    std::string missing;
    auto filled = fill(set.prompt, record, {{"choices", lines}}, missing);
    if (!filled.ok() || !missing.empty()) return {missing, "that the prompt names is missing"};
    prompt = *std::move(filled);
  }
  const std::string& label = item.choices[right].label;
  example.labels = {label};
  put_question(prompt, label, format, example);
  return {};
}

Fault read_generation(const OwnSet& set, const Json& record, Format format, Example& example) {
  const std::string answer = field_text(record, set.answer);
  if (answer.empty()) return {set.answer, "missing"};
  std::string missing;
  const auto prompt = fill(set.prompt, record, {}, missing);
  if (!prompt.ok() || !missing.empty()) return {missing, "that the prompt names is missing"};
  put_question(*prompt, answer, format, example);
  return {};
}

Fault read_classes(const OwnSet& set, const Json& record, Example& example) {
  const Json& answer = json_member(record, set.answer);
  if (answer.is_array()) {
    for (const Json& label : answer) {
      if (!label.is_string()) return {set.answer, "must be texts"};
      example.labels.push_back(label.get<std::string>());
    }
    return {};
  }
  std::string text = field_text(record, set.answer);
  if (set.separator.empty()) {
    if (text.empty()) return {set.answer, "missing"};
    example.labels = {std::move(text)};
    return {};
  }
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(set.separator, at), text.size());
    std::string_view label = std::string_view(text).substr(at, end - at);
    while (!label.empty() && label.front() == ' ') label.remove_prefix(1);
    while (!label.empty() && label.back() == ' ') label.remove_suffix(1);
    if (!label.empty()) example.labels.emplace_back(label);
    at = end + set.separator.size();
  }
  return {};
}

/// Entities that name their words: every one stands at the first place that no earlier one took.
Fault place_by_words(const OwnSet& set, const Json& entities, const std::string& text,
                     Example& example) {
  std::map<std::string, std::size_t> from;
  for (const Json& entity : entities) {
    const std::string words = json_text(entity, "text");
    const std::string type = json_text(entity, "type");
    if (words.empty() || type.empty()) return {set.entities, "must have text and type"};
    const std::size_t at = text.find(words, from[words]);
    if (at == std::string::npos) return {set.entities, "names words that the text does not have"};
    from[words] = at + words.size();
    example.entities.push_back({at, at + words.size(), type});
  }
  return {};
}

Fault read_entities(const OwnSet& set, const Json& record, Example& example) {
  const std::string& text = example.messages.front().content;
  Json entities = json_member(record, set.entities);
  if (entities.is_string()) {
    auto parsed = parse_json(entities.get<std::string>());
    if (parsed.ok()) entities = *std::move(parsed);
  }
  if (!entities.is_array()) return {set.entities, "must be a list"};
  const bool by_words =
      !entities.empty() && entities.front().contains("text") && !entities.front().contains("start");
  if (by_words) return place_by_words(set, entities, text, example);
  if (set.byte_offsets) {
    for (const Json& entity : entities) {
      const std::int64_t begin = json_integer(entity, "start", -1);
      const std::int64_t end = json_integer(entity, "end", -1);
      if (begin < 0 || end < 0) return {set.entities, "must have start and end"};
      example.entities.push_back({static_cast<std::size_t>(begin), static_cast<std::size_t>(end),
                                  json_text(entity, "type")});
    }
    std::sort(example.entities.begin(), example.entities.end());
    return {};
  }
  Json plain = Json::array();
  for (const Json& entity : entities) {
    if (!entity.is_object()) return {set.entities, "must be a list of objects"};
    plain.push_back({{"start", json_member(entity, "start")},
                     {"end", json_member(entity, "end")},
                     {"type", json_text(entity, "type")}});
  }
  const auto read = dataset::labelled_from_json({{"text", text}, {"entities", plain}});
  if (!read.ok()) return {set.entities, "does not lie in the text"};
  example.entities = read->entities;
  return {};
}

Fault read_record(const OwnSet& set, const Json& record, Format format, Example& example) {
  example.id = set.id.empty() ? "" : field_text(record, set.id);
  if (!set.category.empty()) example.category = field_text(record, set.category);
  for (const auto& [attribute, field] : set.groups) {
    std::string value = field_text(record, field);
    if (attribute == "age") value = dataset::age_band(value);
    if (value.size() > dataset::kGroupBytesMax) return {field, "is too long for a subgroup"};
    if (!value.empty()) example.groups[attribute] = std::move(value);
  }
  if (set.kind == OwnSet::Kind::kMultipleChoice) return read_choice(set, record, format, example);
  if (set.kind == OwnSet::Kind::kGeneration) return read_generation(set, record, format, example);
  std::string text = field_text(record, set.text);
  if (text.empty()) return {set.text, "missing"};
  example.format = Format::kLabelled;
  example.messages.push_back({"user", std::move(text)});
  return set.kind == OwnSet::Kind::kClassification ? read_classes(set, record, example)
                                                   : read_entities(set, record, example);
}

/// Rows of whatever form as JSON objects.
class Records {
 public:
  Records(const OwnSet& set, ByteSource& source, std::string_view name)
      : tab_(set.rows == OwnSet::Rows::kTsv),
        json_(set.rows == OwnSet::Rows::kJsonl),
        lines_(source, name),
        rows_(source, name) {}

  /// False at the end. A line that is no object gives null.
  Result<bool> next(Json& record) {
    if (json_ || tab_) {
      std::string line;
      do {
        RESIDENCY_TRY(const bool more, lines_.next(line));
        if (!more) return false;
      } while (line.empty());
      if (json_) {
        auto parsed = parse_json(line);
        record = parsed.ok() && parsed->is_object() ? *std::move(parsed) : Json();
        return true;
      }
      return row(split_tabs(line), record);
    }
    std::vector<std::string> fields;
    RESIDENCY_TRY(const bool more, rows_.next(fields));
    if (!more) return false;
    return row(std::move(fields), record);
  }

  const Place& place() const { return json_ || tab_ ? lines_.place() : rows_.place(); }

 private:
  static std::vector<std::string> split_tabs(const std::string& line) {
    std::vector<std::string> fields;
    std::size_t at = 0;
    while (at <= line.size()) {
      const std::size_t end = std::min(line.find('\t', at), line.size());
      fields.push_back(line.substr(at, end - at));
      at = end + 1;
    }
    return fields;
  }

  /// The first row names the fields.
  Result<bool> row(std::vector<std::string> fields, Json& record) {
    if (names_.empty()) {
      names_ = std::move(fields);
      return next(record);
    }
    record = Json();
    if (fields.size() != names_.size()) return true;
    record = Json::object();
    for (std::size_t i = 0; i < fields.size(); ++i) record[names_[i]] = std::move(fields[i]);
    return true;
  }

  bool tab_;
  bool json_;
  LineReader lines_;
  CsvRows rows_;
  std::vector<std::string> names_;
};

void check_fields(const OwnSet& set, ConfigReader& reader) {
  const auto need = [&](const std::string& field, const char* name) {
    if (field.empty()) reader.problem("fields", fmt::format("must name the field: {}", name));
  };
  switch (set.kind) {
    case OwnSet::Kind::kMultipleChoice:
      need(set.question, "question");
      need(set.answer, "answer");
      if (set.choices.empty()) need("", "choices");
      break;
    case OwnSet::Kind::kGeneration:
      need(set.answer, "answer");
      if (set.prompt.empty()) reader.problem("prompt", "is required for generation");
      break;
    case OwnSet::Kind::kClassification:
      need(set.text, "text");
      need(set.answer, "answer");
      break;
    case OwnSet::Kind::kExtraction:
      need(set.text, "text");
      need(set.entities, "entities");
      break;
  }
}

}  // namespace

Result<OwnSet> OwnSet::from_config(const ConfigNode& node) {
  ConfigReader reader(node);
  OwnSet set;
  const std::string kind = reader.choice(
      "kind", {"multiple_choice", "generation", "classification", "extraction"}, "multiple_choice");
  set.kind = kind == "generation"       ? Kind::kGeneration
             : kind == "classification" ? Kind::kClassification
             : kind == "extraction"     ? Kind::kExtraction
                                        : Kind::kMultipleChoice;
  const std::string rows = reader.choice("rows", {"jsonl", "csv", "tsv"}, "jsonl");
  set.rows = rows == "csv" ? Rows::kCsv : rows == "tsv" ? Rows::kTsv : Rows::kJsonl;
  ConfigReader fields(reader.child("fields"), "fields.");
  set.id = fields.text("id", "");
  set.text = fields.text("text", "");
  set.question = fields.text("question", "");
  set.context = fields.text("context", "");
  set.choices = fields.texts("choices", {});
  set.answer = fields.text("answer", "");
  set.entities = fields.text("entities", "");
  set.category = fields.text("category", "");
  for (const char* attribute : {"sex", "age", "ethnicity", "language", "insurance", "site"}) {
    const std::string field = fields.text(attribute, "");
    if (!field.empty()) set.groups[attribute] = field;
  }
  reader.absorb(fields.finish());
  set.answer_base = reader.integer("answer_base", 0, 0, 1);
  set.byte_offsets = reader.choice("offsets", {"code_points", "bytes"}, "code_points") == "bytes";
  set.separator = reader.text("separator", "");
  set.prompt = reader.text("prompt", "");
  if (set.prompt.size() > kTemplateBytesMax) reader.problem("prompt", "is too long");
  std::string missing;
  if (!fill(set.prompt, Json::object(), {}, missing).ok())
    reader.problem("prompt", "has {{ without }}");
  check_fields(set, reader);
  RESIDENCY_TRY_VOID(reader.finish());
  return set;
}

Result<CorpusExamples> read_own_set(const OwnSet& set, ByteSource& source, std::string_view name,
                                    const ExampleOptions& options) {
  CorpusExamples made;
  Records records(set, source, name);
  Json record;
  while (true) {
    RESIDENCY_TRY(const bool more, records.next(record));
    if (!more) return made;
    Example example;
    Fault fault{"line", "is no record with the fields that the first line names"};
    if (record.is_object()) {
      fault = read_record(set, record, options.format, example);
      if (example.id.empty()) example.id = std::to_string(records.place().line);
      if (fault.what.empty()) {
        const auto checked = dataset::check_example(example);
        if (!checked.ok()) fault = {"record", "does not make an example"};
      }
    }
    if (!fault.what.empty()) {
      RESIDENCY_TRY_VOID(
          note_bad(made.notes, ReadOptions{}, records.place(), fault.field, fault.what));
      continue;
    }
    if (made.examples.size() == kRecordsMax)
      return resource_exhausted(describe(records.place(), "record", "too many records"));
    made.examples.push_back(std::move(example));
    ++made.notes.records;
  }
}

}  // namespace residency::eval::corpora
