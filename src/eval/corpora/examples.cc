#include "eval/corpora/examples.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "eval/corpora/bioc.h"
#include "eval/corpora/brat.h"
#include "eval/corpora/choice_sets.h"
#include "eval/corpora/codiesp.h"
#include "eval/corpora/conll.h"
#include "eval/corpora/ddi.h"
#include "eval/corpora/example_making.h"
#include "eval/corpora/i2b2.h"
#include "eval/corpora/own_set.h"
#include "eval/corpora/pubmedqa.h"
#include "eval/corpora/pubtator.h"
#include "eval/corpora/use_case_examples.h"

namespace residency::eval::corpora {
namespace {

using dataset::Example;
using dataset::Format;

CorpusExamples from_documents(Corpus<Document> corpus, const ExampleOptions& options) {
  CorpusExamples made{{}, std::move(corpus.notes)};
  const std::set<std::string> wanted(options.types.begin(), options.types.end());
  for (Document& document : corpus.records) {
    Example example = labelled_example(std::move(document.id), std::move(document.text));
    const auto number = example.id.rfind('#');  // of a sentence in its document
    if (number != std::string::npos && number > 0) example.patient = example.id.substr(0, number);
    for (const Entity& entity : document.entities) {
      if (!wanted.empty() && wanted.count(entity.type) == 0) continue;
      example.entities.push_back({entity.extent().begin, entity.extent().end, entity.type});
    }
    std::sort(example.entities.begin(), example.entities.end());
    example.entities.erase(std::unique(example.entities.begin(), example.entities.end()),
                           example.entities.end());
    keep_example(std::move(example), made);
  }
  return made;
}

CorpusExamples from_pairs(const Corpus<PairSentence>& corpus) {
  CorpusExamples made{{}, corpus.notes};
  for (const PairSentence& sentence : corpus.records) {
    for (const EntityPair& pair : sentence.pairs) {
      Example example = labelled_example(pair.id, pair_text(sentence, pair));
      example.labels = {pair.label};
      // Pairs of one document stay on one side of a split.
      example.patient = sentence.document;
      keep_example(std::move(example), made);
    }
  }
  return made;
}

CorpusExamples from_coded(const Corpus<CodedDocument>& corpus) {
  CorpusExamples made{{}, corpus.notes};
  for (const CodedDocument& document : corpus.records) {
    Example example = labelled_example(document.id, document.text);
    std::set<std::string> codes;
    for (const CodeMention& mention : document.codes) {
      std::string code = mention.code;
      std::transform(code.begin(), code.end(), code.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      codes.insert(std::move(code));
    }
    example.labels.assign(codes.begin(), codes.end());
    keep_example(std::move(example), made);
  }
  return made;
}

CorpusExamples from_choices(const Corpus<ChoiceItem>& corpus, const ExampleOptions& options) {
  CorpusExamples made{{}, corpus.notes};
  for (const ChoiceItem& item : corpus.records) {
    Example example;
    example.id = item.id;
    example.format = options.format;
    example.category = item.subject;
    const std::string& answer = item.choices[item.answer].label;
    example.labels = {answer};
    example.messages.push_back({"user", choice_prompt(options.layout, item)});
    const bool completion = options.format == Format::kCompletion;
    example.messages.push_back({"assistant", completion ? " " + answer : answer});
    keep_example(std::move(example), made);
  }
  return made;
}

template <class Reader>
Result<CorpusExamples> documents(Env& env, const std::string& path, Reader reader,
                                 const ExampleOptions& options) {
  RESIDENCY_TRY(auto corpus, read_path(env, path, reader));
  return from_documents(std::move(corpus), options);
}

template <class Reader>
Result<CorpusExamples> choices(Env& env, const std::string& path, Reader reader,
                               const ExampleOptions& options) {
  RESIDENCY_TRY(const auto corpus, read_path(env, path, reader));
  return from_choices(corpus, options);
}

}  // namespace

const std::vector<std::string>& layout_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{
        "conll", "pubtator", "bioc", "brat",     "i2b2_concepts",     "i2b2_xml",           "ddi",
        "medqa", "medmcqa",  "mmlu", "pubmedqa", "codiesp_diagnoses", "codiesp_procedures", "own"};
    const auto& more = use_case_layouts();
    names.insert(names.end(), more.begin(), more.end());
    return names;
  }();
  return kNames;
}

std::string pair_text(const PairSentence& sentence, const EntityPair& pair) {
  struct Blind {
    ByteRange range;
    int rank;  // 0: not of the pair
  };
  std::vector<Blind> blinds;
  for (std::size_t i = 0; i < sentence.entities.size(); ++i) {
    const int rank = i == pair.first ? 1 : i == pair.second ? 2 : 0;
    blinds.push_back({sentence.entities[i].extent(), rank});
  }
  // Where names overlap the pair's own stay.
  std::stable_sort(blinds.begin(), blinds.end(), [](const Blind& a, const Blind& b) {
    if ((a.rank > 0) != (b.rank > 0)) return a.rank > 0;
    return a.range < b.range;
  });
  std::vector<Blind> kept;
  for (const Blind& blind : blinds) {
    const bool free = std::all_of(kept.begin(), kept.end(), [&](const Blind& other) {
      return blind.range.end <= other.range.begin || other.range.end <= blind.range.begin;
    });
    if (free || blind.rank > 0) kept.push_back(blind);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Blind& a, const Blind& b) { return a.range < b.range; });
  std::string text;
  std::size_t at = 0;
  for (const Blind& blind : kept) {
    if (blind.range.begin > at) text += sentence.text.substr(at, blind.range.begin - at);
    text += fmt::format("@DRUG{}$", blind.rank);
    at = std::max(at, blind.range.end);
  }
  return text + sentence.text.substr(at);
}

namespace {

/// As the harness' template strips a question, of ASCII white space.
std::string_view stripped(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string choice_prompt(std::string_view layout, const ChoiceItem& item) {
  if (layout == "pubmedqa")
    return fmt::format("Abstract: {}\nQuestion: {}\nAnswer:", item.context, item.question);
  std::string prompt;
  if (layout == "mmlu") {
    std::string subject = item.subject;
    std::replace(subject.begin(), subject.end(), '_', ' ');
    prompt =
        fmt::format("The following are multiple choice questions (with answers) about {}.\n\n{}\n",
                    subject, stripped(item.question));
  } else {
    prompt = item.context.empty() ? fmt::format("Question: {}\n", item.question)
                                  : fmt::format("Question: {} {}\n", item.context, item.question);
    if (layout == "medmcqa") prompt += "Choices:\n";
  }
  for (const Choice& choice : item.choices)
    prompt += fmt::format("{}. {}\n", choice.label, choice.text);
  return prompt + "Answer:";
}

Result<CorpusExamples> corpus_examples(Env& env, const std::string& path,
                                       const ExampleOptions& options) {
  const std::string& layout = options.layout;
  if (layout == "conll") return documents(env, path, read_conll, options);
  if (layout == "pubtator") return documents(env, path, read_pubtator, options);
  if (layout == "bioc") return documents(env, path, read_bioc, options);
  if (layout == "i2b2_xml") return documents(env, path, read_i2b2_xml, options);
  if (layout == "medqa") return choices(env, path, read_medqa, options);
  if (layout == "medmcqa") return choices(env, path, read_medmcqa, options);
  if (layout == "mmlu") return choices(env, path, read_mmlu, options);
  if (layout == "pubmedqa") {
    if (env.list(path).ok()) {
      RESIDENCY_TRY(const auto corpus, options.test_part ? read_pubmedqa_test(env, path)
                                                         : read_pubmedqa_rest(env, path));
      return from_choices(corpus, options);
    }
    return choices(
        env, path,
        [](ByteSource& source, std::string_view name, const ReadOptions& read) {
          return read_pubmedqa(source, name, read);
        },
        options);
  }
  if (layout == "own") {
    RESIDENCY_TRY(const std::string yaml, env.read_file(options.set_path, 1u << 20));
    RESIDENCY_TRY(const auto node, ConfigNode::parse(yaml, options.set_path));
    RESIDENCY_TRY(const auto set, OwnSet::from_config(node));
    RESIDENCY_TRY(const auto source, file_bytes(env, path));
    return read_own_set(set, *source, path, options);
  }
  if (layout == "brat") {
    RESIDENCY_TRY(auto corpus, read_brat_folder(env, path));
    return from_documents(std::move(corpus), options);
  }
  if (layout == "i2b2_concepts") {
    RESIDENCY_TRY(auto corpus, read_i2b2_folder(env, path));
    return from_documents(std::move(corpus), options);
  }
  if (layout == "ddi") {
    RESIDENCY_TRY(const auto corpus, read_ddi_folder(env, path));
    return from_pairs(corpus);
  }
  if (layout.starts_with("codiesp_")) {
    RESIDENCY_TRY(const auto corpus,
                  read_codiesp_folder(env, path,
                                      layout == "codiesp_diagnoses" ? CodiespTask::kDiagnoses
                                                                    : CodiespTask::kProcedures));
    return from_coded(corpus);
  }
  return use_case_examples(env, path, options);
}

}  // namespace residency::eval::corpora
