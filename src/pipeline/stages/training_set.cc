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

/// Each pair of answers, one after the other; one of which either answer is too long is dropped.
Result<void> tokenize_pairs(LineSource& lines, const model::Tokenizer& tokenizer,
                            const train::TrainOptions& options, TokenWriter& writer,
                            dataset::TruncationReport& report) {
  const auto tokens_max = static_cast<std::size_t>(options.sequence_tokens_max) / 2 + 1;
  std::string line;
  std::string previous;  // answer
  while (true) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return {};
    RESIDENCY_TRY(auto example, dataset::example_from_json_line(line));
    RESIDENCY_TRY(const std::string other, other_answer(example, previous, options));
    previous = example.messages.back().content;
    if (other.empty()) continue;  // the first example has none before it
    std::vector<dataset::TokenizedExample> pair;
    for (int i = 0; i < 2; ++i) {
      RESIDENCY_TRY(auto tokens, dataset::tokenize(example, tokenizer, tokens_max, report));
      if (tokens.tokens.size() > 1) pair.push_back(std::move(tokens));
      example.messages.back().content = other;
    }
    if (pair.size() < 2) continue;
    for (const auto& answer : pair) RESIDENCY_TRY_VOID(writer.append(answer));
    writer.judge(example.judgement);
  }
}

Result<void> tokenize_examples(LineSource& lines, const model::Tokenizer& tokenizer,
                               const train::TrainOptions& options, TokenWriter& writer,
                               dataset::TruncationReport& report) {
  // An example of n tokens takes n - 1 places.
  const auto tokens_max = static_cast<std::size_t>(options.sequence_tokens_max) + 1;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return {};
    RESIDENCY_TRY(const auto example, dataset::example_from_json_line(line));
    if (example.format == dataset::Format::kText) {
      RESIDENCY_TRY(const auto parts,
                    dataset::tokenize_text(example, tokenizer, tokens_max, report));
      for (const auto& part : parts) RESIDENCY_TRY_VOID(writer.append(part));
      continue;
    }
    RESIDENCY_TRY(const auto tokens, dataset::tokenize(example, tokenizer, tokens_max, report));
    if (tokens.tokens.size() > 1) RESIDENCY_TRY_VOID(writer.append(tokens));
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
  RESIDENCY_TRY(made.labelled, dataset::pack_labelled(examples, kind, options.head.labels,
                                                      tokenizer, pack_options, made.report));
  return made;
}

}  // namespace

Result<TrainingSet> training_set(StageContext& context, const std::string& dataset_id,
                                 const std::string& blob, const model::Tokenizer& tokenizer,
                                 const TrainingSetPlace& place, train::TrainOptions& options) {
  if (!options.head.kind.empty())
    return tokenize_labelled(context, dataset_id, blob, tokenizer, options);
  const bool pairwise = options.objective != "sft";
  const std::string prefix = "tokens/" + blob;
  const std::string key = fmt::format("{} {} {} {} {}", dataset_id, blob, place.base_sha256,
                                      options.objective, options.sequence_tokens_max);
  TrainingSet made;
  RESIDENCY_TRY(auto index, find_tokens(place.store, prefix, key));
  if (!index && !place.writes)
    return failed_precondition("rank 0 has left no tokens of the data set in this workspace");
  if (!index) {
    RESIDENCY_TRY(const auto lines, context.workspace.read_lines(dataset_id, blob));
    TokenWriter writer(place.store, prefix);
    RESIDENCY_TRY_VOID(pairwise
                           ? tokenize_pairs(*lines, tokenizer, options, writer, made.report)
                           : tokenize_examples(*lines, tokenizer, options, writer, made.report));
    RESIDENCY_TRY(index, writer.finish(key, made.report));
  }
  made.report = index->report;
  if (pairwise) {
    made.streamed = TokenSequences::pairs(place.store, prefix, *std::move(index));
    return made;
  }
  dataset::PackOptions pack_options;
  pack_options.tokens_max = static_cast<std::size_t>(options.sequence_tokens_max);
  pack_options.seed = options.seed;
  RESIDENCY_TRY(made.streamed,
                TokenSequences::packed(place.store, prefix, *std::move(index), pack_options));
  return made;
}

}  // namespace residency::pipeline
