#include "eval/corpora/trial_topics.h"

#include "base/json.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kIdBytesMax = 64;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax &&
         id.find_first_of(" \t\r\n") == std::string_view::npos;
}

void add_paragraph(std::string& text, std::string_view head, const std::string& body) {
  if (body.empty()) return;
  if (!text.empty()) text += "\n";
  text.append(head).append(body);
}

std::string text_of(const Json& line) {
  std::string text = json_text(line, "title");
  const Json& metadata = json_member(line, "metadata");
  const std::string inclusion = json_text(metadata, "inclusion_criteria");
  const std::string exclusion = json_text(metadata, "exclusion_criteria");
  if (inclusion.empty() && exclusion.empty()) {
    add_paragraph(text, "", json_text(line, "text"));
    return text;
  }
  if (text.empty()) text = json_text(metadata, "brief_title");
  add_paragraph(text, "Inclusion criteria: ", inclusion);
  add_paragraph(text, "Exclusion criteria: ", exclusion);
  return text;
}

}  // namespace

Result<Corpus<TrialText>> read_trial_texts(ByteSource& source, std::string_view name,
                                           const ReadOptions& options) {
  Corpus<TrialText> corpus;
  LineReader lines(source, name);
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return corpus;
    if (line.empty()) continue;
    const auto json = parse_json(line);
    TrialText made;
    std::string_view field = "line";
    if (json.ok() && json->is_object()) {
      made.id = json_text(*json, "_id");
      made.text = text_of(*json);
      field = !is_id(made.id) ? "_id" : made.text.empty() ? "text" : "";
    }
    if (!field.empty()) {
      RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, lines.place(), field,
                                  "must be a JSON object with _id and text"));
    } else {
      RESIDENCY_TRY_VOID(add_record(corpus, std::move(made), lines.place()));
    }
  }
}

Result<Corpus<TrialPair>> read_trial_judgements(ByteSource& source, std::string_view name,
                                                const ReadOptions& options) {
  Corpus<TrialPair> corpus;
  LineReader lines(source, name);
  std::string line;
  for (bool first = true;; first = false) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return corpus;
    if (line.empty() || (first && line.starts_with("query-id\t"))) continue;
    const auto columns = split(line, '\t');
    std::string_view field;
    if (columns.size() != 3) {
      field = "columns";
    } else if (!is_id(columns[0])) {
      field = "query-id";
    } else if (!is_id(columns[1])) {
      field = "corpus-id";
    } else if (columns[2] != "0" && columns[2] != "1" && columns[2] != "2") {
      field = "score";
    }
    if (!field.empty()) {
      RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, lines.place(), field,
                                  "the line is query-id, corpus-id and a score of 0 to 2"));
      continue;
    }
    TrialPair pair;
    pair.topic = columns[0];
    pair.trial = columns[1];
    pair.relevance = columns[2][0] - '0';
    pair.line = lines.place().line;
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(pair), lines.place()));
  }
}

Result<Corpus<TrialPair>> read_trial_folder(Env& env, const std::string& folder) {
  if (!env.exists(folder + "/corpus.jsonl")) {
    return not_found(
        "trial documents are missing: get corpus.jsonl of the collection (TrialGPT's README names "
        "it) and put it into " +
        folder);
  }
  RESIDENCY_TRY(auto topics, read_path(env, folder + "/queries.jsonl", read_trial_texts));
  RESIDENCY_TRY(auto trials, read_path(env, folder + "/corpus.jsonl", read_trial_texts));
  RESIDENCY_TRY(auto pairs, read_path(env, folder + "/qrels/test.tsv", read_trial_judgements));
  std::map<std::string, std::string, std::less<>> topic_texts;
  std::map<std::string, std::string, std::less<>> trial_texts;
  for (auto& topic : topics.records) topic_texts.emplace(topic.id, std::move(topic.text));
  for (auto& trial : trials.records) trial_texts.emplace(trial.id, std::move(trial.text));
  Corpus<TrialPair> corpus;
  corpus.notes = std::move(topics.notes);
  for (const ReadNotes* notes : {&trials.notes, &pairs.notes}) {
    corpus.notes.bad += notes->bad;
    for (const std::string& problem : notes->problems) {
      if (corpus.notes.problems.size() < ReadNotes::kProblemsMax)
        corpus.notes.problems.push_back(problem);
    }
  }
  corpus.notes.records = 0;
  for (auto& pair : pairs.records) {
    const Place place{folder + "/qrels/test.tsv", pair.line};
    const auto topic = topic_texts.find(pair.topic);
    const auto trial = trial_texts.find(pair.trial);
    if (topic == topic_texts.end()) {
      RESIDENCY_TRY_VOID(note_bad(corpus.notes, {}, place, "query-id", "no such topic"));
    } else if (trial == trial_texts.end()) {
      ++corpus.notes.passed_over;
    } else {
      pair.patient_text = topic->second;
      pair.trial_text = trial->second;
      RESIDENCY_TRY_VOID(add_record(corpus, std::move(pair), place));
    }
  }
  return corpus;
}

}  // namespace residency::eval::corpora
