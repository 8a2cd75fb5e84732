#include "pipeline/stages/training_set.h"

#include <fmt/format.h>
#include <set>

#include "dataset/labelled_tokens.h"

namespace residency::pipeline {
namespace {

/// What stands beside an example's answer: the rejected one, or (KTO) the answer of the example
/// before, which is no answer to this prompt.
Result<std::string> other_answer(const dataset::Example& example, const std::string& previous,
                                 const train::TrainOptions& options) {
  if (options.objective != "kto") {
    if (!example.rejected.empty()) return example.rejected;
    return invalid_input(fmt::format(
        "train.objective {} needs a rejected answer beside every answer: the data set has examples "
        "without one",
        options.objective));
  }
  if (example.judgement != dataset::Judgement::kNone) return previous;
  return invalid_input(
      "train.objective kto needs \"label\": true or false beside every answer: the data set has "
      "examples without one");
}

/// Each pair of answers as a sequence of its own; one of which either answer is too long is
/// dropped.
Result<TrainingSet> tokenize_pairs(StageContext& context, const std::string& dataset_id,
                                   const std::string& blob, const model::Tokenizer& tokenizer,
                                   const train::TrainOptions& options) {
  TrainingSet made;
  RESIDENCY_TRY(const auto lines, context.workspace.read_lines(dataset_id, blob));
  const auto tokens_max = static_cast<std::size_t>(options.sequence_tokens_max) / 2 + 1;
  std::string line;
  std::string previous;  // answer
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) return made;
    RESIDENCY_TRY(auto example, dataset::example_from_json_line(line));
    RESIDENCY_TRY(const std::string other, other_answer(example, previous, options));
    previous = example.messages.back().content;
    if (other.empty()) continue;  // the first example has none before it
    std::vector<dataset::TokenizedExample> pair;
    for (int i = 0; i < 2; ++i) {
      RESIDENCY_TRY(auto tokens, dataset::tokenize(example, tokenizer, tokens_max, made.report));
      if (tokens.tokens.size() > 1) pair.push_back(std::move(tokens));
      example.messages.back().content = other;
    }
    if (pair.size() < 2) continue;
    made.sequences.push_back(dataset::pack_sequence(pair, {0, 1}));
    made.sequences.back().judgement = example.judgement;
  }
}

void drop_unknown_labels(const std::vector<std::string>& known, model::HeadKind kind,
                         std::vector<dataset::Example>& examples) {
  const std::set<std::string> names(known.begin(), known.end());
  for (dataset::Example& example : examples) {
    std::erase_if(example.labels,
                  [&](const std::string& label) { return names.count(label) == 0; });
    std::erase_if(example.entities, [&](const dataset::LabelledSpan& span) {
      return names.count("B-" + span.type) == 0;
    });
  }
  if (kind == model::HeadKind::kLabel)
    std::erase_if(examples, [](const dataset::Example& example) { return example.labels.empty(); });
}

/// Labelled texts for a head. The training set says which labels there are.
Result<TrainingSet> tokenize_labelled(StageContext& context, const std::string& dataset_id,
                                      const std::string& blob, const model::Tokenizer& tokenizer,
                                      train::TrainOptions& options) {
  RESIDENCY_TRY(const auto kind, model::head_kind_named(options.head.kind));
  RESIDENCY_TRY(const auto lines, context.workspace.read_lines(dataset_id, blob));
  std::vector<dataset::Example> examples;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) break;
    RESIDENCY_TRY(auto example, dataset::example_from_json_line(line));
    examples.push_back(std::move(example));
  }
  if (options.head.labels.empty()) {
    RESIDENCY_TRY(options.head.labels, dataset::head_labels(examples, kind));
  } else {
    // Labels that the training set lacks cannot be learnt: validation passes them over.
    drop_unknown_labels(options.head.labels, kind, examples);
  }
  dataset::PackOptions pack_options;
  pack_options.tokens_max = static_cast<std::size_t>(options.sequence_tokens_max);
  pack_options.seed = options.seed;
  TrainingSet made;
  RESIDENCY_TRY(made.sequences, dataset::pack_labelled(examples, kind, options.head.labels,
                                                       tokenizer, pack_options, made.report));
  return made;
}

}  // namespace

Result<TrainingSet> training_set(StageContext& context, const std::string& dataset_id,
                                 const std::string& blob, const model::Tokenizer& tokenizer,
                                 train::TrainOptions& options) {
  if (!options.head.kind.empty())
    return tokenize_labelled(context, dataset_id, blob, tokenizer, options);
  if (options.objective != "sft")
    return tokenize_pairs(context, dataset_id, blob, tokenizer, options);
  TrainingSet made;
  RESIDENCY_TRY(const auto lines, context.workspace.read_lines(dataset_id, blob));
  std::vector<dataset::TokenizedExample> examples;
  std::string line;
  // An example of n tokens takes n - 1 places.
  const auto tokens_max = static_cast<std::size_t>(options.sequence_tokens_max) + 1;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) break;
    RESIDENCY_TRY(const auto example, dataset::example_from_json_line(line));
    if (example.format == dataset::Format::kText) {
      RESIDENCY_TRY(auto parts,
                    dataset::tokenize_text(example, tokenizer, tokens_max, made.report));
      for (auto& part : parts) examples.push_back(std::move(part));
      continue;
    }
    RESIDENCY_TRY(auto tokens, dataset::tokenize(example, tokenizer, tokens_max, made.report));
    if (tokens.tokens.size() > 1) examples.push_back(std::move(tokens));
  }
  dataset::PackOptions pack_options;
  pack_options.tokens_max = static_cast<std::size_t>(options.sequence_tokens_max);
  pack_options.seed = options.seed;
  RESIDENCY_TRY(made.sequences, dataset::pack(examples, pack_options, 0));
  return made;
}

}  // namespace residency::pipeline
