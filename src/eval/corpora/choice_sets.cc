#include "eval/corpora/choice_sets.h"

#include <algorithm>

#include "base/json.h"
#include "eval/corpora/csv_rows.h"
#include "eval/corpora/read_notes.h"

namespace residency::eval::corpora {
namespace {

/// What is wrong with a record: field and what; empty where nothing is.
struct Fault {
  std::string_view field;
  std::string_view what;
  explicit operator bool() const { return !field.empty(); }
};

std::string id_of(const Json& json, const Place& place) {
  const Json& id = json_member(json, "id");
  if (id.is_string()) return id.get_ref<const std::string&>();
  if (id.is_number_integer()) return std::to_string(id.get<std::int64_t>());
  return std::to_string(place.line);
}

/// A row of GBaker/MedQA-USMLE-4-options-hf: "sent1", "ending0" to "ending3", "label" from 0.
Fault read_medqa_endings(const Json& json, ChoiceItem& item) {
  item.question = json_text(json, "sent1");
  if (item.question.empty()) return {"sent1", "missing"};
  for (char digit = '0'; digit <= '9'; ++digit) {
    const Json& text = json_member(json, std::string("ending") + digit);
    if (!text.is_string()) break;
    item.choices.push_back(
        {std::string(1, static_cast<char>(digit - '0' + 'A')), text.get_ref<const std::string&>()});
  }
  if (item.choices.size() < 2) return {"ending0", "fewer than two choices"};
  const std::int64_t right = json_integer(json, "label", -1);
  if (right < 0 || right >= static_cast<std::int64_t>(item.choices.size()))
    return {"label", "not one of the choices"};
  item.answer = static_cast<std::size_t>(right);
  return {};
}

Fault read_medqa_line(const Json& json, ChoiceItem& item) {
  if (json.contains("ending0")) return read_medqa_endings(json, item);
  item.question = json_text(json, "question");
  if (item.question.empty()) return {"question", "missing"};
  const Json& context = json_member(json, "context");
  if (context.is_array()) {
    for (const Json& sentence : context) {
      if (!sentence.is_string()) return {"context", "must be a list of strings"};
      if (!item.context.empty()) item.context.push_back(' ');
      item.context.append(sentence.get_ref<const std::string&>());
    }
  }
  const Json& options = json_member(json, "options");
  if (!options.is_object()) return {"options", "must be an object"};
  for (const auto& [label, text] : options.items()) {
    if (!text.is_string()) return {"options", "must be strings"};
    if (label.size() != 1 || label[0] != static_cast<char>('A' + item.choices.size())) {
      return {"options", "must be A, B, C and so on"};
    }
    item.choices.push_back({label, text.get_ref<const std::string&>()});
  }
  if (item.choices.size() < 2) return {"options", "fewer than two"};
  const std::string letter = json_text(json, "answer_idx");
  const auto found = std::find_if(item.choices.begin(), item.choices.end(),
                                  [&](const Choice& choice) { return choice.label == letter; });
  if (found == item.choices.end()) return {"answer_idx", "not one of the options"};
  item.answer = static_cast<std::size_t>(found - item.choices.begin());
  const Json& answer = json_member(json, "answer");
  if (answer.is_string() && answer.get_ref<const std::string&>() != found->text) {
    return {"answer", "not the text of answer_idx"};
  }
  item.subject = json_text(json, "meta_info");
  return {};
}

Fault read_medmcqa_line(const Json& json, ChoiceItem& item) {
  item.question = json_text(json, "question");
  if (item.question.empty()) return {"question", "missing"};
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    const Json& text = json_member(json, std::string("op") + letter);
    if (!text.is_string()) return {"opa to opd", "must be strings"};
    item.choices.push_back({std::string(1, static_cast<char>(letter - 'a' + 'A')),
                            text.get_ref<const std::string&>()});
  }
  const std::int64_t right = json_integer(json, "cop");
  if (right < 1 || right > 4) return {"cop", "must be 1 to 4"};
  item.answer = static_cast<std::size_t>(right - 1);
  item.subject = json_text(json, "subject_name");
  return {};
}

template <class ReadLine>
Result<Corpus<ChoiceItem>> read_lines(ByteSource& source, std::string_view name,
                                      const ReadOptions& options, ReadLine read_line) {
  Corpus<ChoiceItem> corpus;
  LineReader lines(source, name);
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return corpus;
    if (line.empty()) continue;
    const auto json = parse_json(line);
    ChoiceItem item;
    Fault fault{"line", "must be a JSON object"};
    if (json.ok() && json->is_object()) {
      item.id = id_of(*json, lines.place());
      fault = read_line(*json, item);
    }
    if (fault) {
      RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, lines.place(), fault.field, fault.what));
    } else {
      RESIDENCY_TRY_VOID(add_record(corpus, std::move(item), lines.place()));
    }
  }
}

}  // namespace

Result<Corpus<ChoiceItem>> read_medqa(ByteSource& source, std::string_view name,
                                      const ReadOptions& options) {
  return read_lines(source, name, options, read_medqa_line);
}

Result<Corpus<ChoiceItem>> read_medmcqa(ByteSource& source, std::string_view name,
                                        const ReadOptions& options) {
  return read_lines(source, name, options, read_medmcqa_line);
}

Result<Corpus<ChoiceItem>> read_mmlu(ByteSource& source, std::string_view name,
                                     const ReadOptions& options) {
  std::string subject(name.substr(name.find_last_of('/') + 1));
  for (const std::string_view ending : {"_test.csv", "_dev.csv", "_val.csv", ".csv"}) {
    if (subject.ends_with(ending)) subject.resize(subject.size() - ending.size());
  }
  Corpus<ChoiceItem> corpus;
  CsvRows rows(source, name);
  std::vector<std::string> fields;
  for (std::size_t number = 1;; ++number) {
    RESIDENCY_TRY(const bool more, rows.next(fields));
    if (!more) return corpus;
    const auto bad = [&](std::string_view field, std::string_view what) {
      return note_bad(corpus.notes, options, rows.place(), field, what);
    };
    if (fields.size() != 6) {
      RESIDENCY_TRY_VOID(bad("columns", "must be six"));
      continue;
    }
    const std::string& letter = fields[5];
    if (letter.size() != 1 || letter[0] < 'A' || letter[0] > 'D') {
      RESIDENCY_TRY_VOID(bad("answer", "must be A to D"));
      continue;
    }
    ChoiceItem item;
    item.id = subject + "#" + std::to_string(number);
    item.subject = subject;
    item.question = fields[0];
    for (std::size_t i = 1; i <= 4; ++i) {
      item.choices.push_back({std::string(1, static_cast<char>('A' + i - 1)), fields[i]});
    }
    item.answer = static_cast<std::size_t>(letter[0] - 'A');
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(item), rows.place()));
  }
}

}  // namespace residency::eval::corpora
