#include "eval/corpora/use_case_examples.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "eval/corpora/ade.h"
#include "eval/corpora/dialogue_notes.h"
#include "eval/corpora/example_making.h"
#include "eval/corpora/molecules.h"
#include "eval/corpora/trial_topics.h"

namespace residency::eval::corpora {
namespace {

using dataset::Example;

/// What stands before the abstract's sentence number.
std::string document_of(const std::string& id) { return id.substr(0, id.find('#')); }

CorpusExamples from_dialogues(const Corpus<DialogueNote>& corpus, const ExampleOptions& options) {
  CorpusExamples made{{}, corpus.notes};
  const bool completion = options.format == dataset::Format::kCompletion;
  for (const DialogueNote& item : corpus.records) {
    Example example;
    example.id = item.id;
    example.format = options.format;
    std::string task = "Write the clinical note of this visit.";
    std::string end = "Note:";
    if (!item.section.empty()) {
      const std::string title(section_title(item.section));
      task = fmt::format("Write the section \"{}\" of the clinical note of this visit.", title);
      end = title + ":";
      example.category = item.section;
    } else {
      example.category = item.origin;
    }
    example.messages.push_back({"user", fmt::format("{}\n\n{}\n\n{}", task, item.dialogue, end)});
    example.messages.push_back({"assistant", completion ? " " + item.note : item.note});
    keep_example(std::move(example), made);
  }
  return made;
}

void add_sentences(Corpus<Document> corpus, std::string_view label, CorpusExamples& made) {
  made.notes.records += corpus.notes.records;
  made.notes.bad += corpus.notes.bad;
  for (std::string& problem : corpus.notes.problems) {
    if (made.notes.problems.size() < ReadNotes::kProblemsMax)
      made.notes.problems.push_back(std::move(problem));
  }
  for (Document& document : corpus.records) {
    const std::string patient = document_of(document.id);
    Example example = labelled_example(std::move(document.id), std::move(document.text));
    example.patient = patient;
    example.labels = {std::string(label)};
    keep_example(std::move(example), made);
  }
}

Result<CorpusExamples> ade_sentences(Env& env, const std::string& folder) {
  CorpusExamples made;
  RESIDENCY_TRY(auto effects, read_path(env, folder + "/DRUG-AE.rel", read_ade_relations));
  RESIDENCY_TRY(auto others, read_path(env, folder + "/ADE-NEG.txt", read_ade_negatives));
  add_sentences(std::move(effects), "ade", made);
  add_sentences(std::move(others), "none", made);
  return made;
}

Result<CorpusExamples> ade_entities(Env& env, const std::string& path,
                                    const ExampleOptions& options) {
  const std::string file = env.list(path).ok() ? path + "/DRUG-AE.rel" : path;
  RESIDENCY_TRY(auto corpus, read_path(env, file, read_ade_relations));
  const std::set<std::string> wanted(options.types.begin(), options.types.end());
  CorpusExamples made{{}, corpus.notes};
  for (Document& document : corpus.records) {
    const std::string patient = document_of(document.id);
    Example example = labelled_example(std::move(document.id), std::move(document.text));
    example.patient = patient;
    for (const Entity& entity : document.entities) {
      if (wanted.empty() || wanted.count(entity.type) > 0)
        example.entities.push_back({entity.extent().begin, entity.extent().end, entity.type});
    }
    std::sort(example.entities.begin(), example.entities.end());
    keep_example(std::move(example), made);
  }
  return made;
}

CorpusExamples from_trials(Corpus<TrialPair> corpus) {
  CorpusExamples made{{}, std::move(corpus.notes)};
  for (TrialPair& pair : corpus.records) {
    Example example = labelled_example(
        pair.topic + "/" + pair.trial,
        fmt::format("Patient: {}\n\nTrial: {}", pair.patient_text, pair.trial_text));
    example.patient = std::move(pair.topic);
    example.labels = {std::to_string(pair.relevance)};
    keep_example(std::move(example), made);
  }
  return made;
}

Result<CorpusExamples> molecules(Env& env, const std::string& path, const ExampleOptions& options) {
  if (options.types.size() != 1)
    return invalid_argument("dataset.types must name one column of the table: layout moleculenet");
  const std::string& property = options.types.front();
  RESIDENCY_TRY(
      auto corpus,
      read_path(env, path, [&](ByteSource& source, std::string_view name, const ReadOptions& read) {
        return read_moleculenet(source, name, property, read);
      }));
  CorpusExamples made{{}, std::move(corpus.notes)};
  for (MoleculeItem& item : corpus.records) {
    Example example = labelled_example(std::move(item.id), std::move(item.smiles));
    example.patient = std::move(item.skeleton);
    example.labels = {item.holds ? property : std::string("none")};
    keep_example(std::move(example), made);
  }
  return made;
}

}  // namespace

const std::vector<std::string>& use_case_layouts() {
  static const std::vector<std::string> kNames{"aci_bench",    "mts_dialog", "ade_sentences",
                                               "ade_entities", "trialgpt",   "moleculenet"};
  return kNames;
}

Result<CorpusExamples> use_case_examples(Env& env, const std::string& path,
                                         const ExampleOptions& options) {
  const std::string& layout = options.layout;
  if (layout == "aci_bench" || layout == "mts_dialog") {
    RESIDENCY_TRY(const auto corpus, layout == "aci_bench" ? read_path(env, path, read_aci_bench)
                                                           : read_path(env, path, read_mts_dialog));
    return from_dialogues(corpus, options);
  }
  if (layout == "ade_sentences") return ade_sentences(env, path);
  if (layout == "ade_entities") return ade_entities(env, path, options);
  if (layout == "trialgpt") {
    RESIDENCY_TRY(auto corpus, read_trial_folder(env, path));
    return from_trials(std::move(corpus));
  }
  if (layout == "moleculenet") return molecules(env, path, options);
  return invalid_argument("unknown layout of a use case's corpus");
}

}  // namespace residency::eval::corpora
