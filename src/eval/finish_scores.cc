#include "eval/finish_scores.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "eval/labelled_prompt.h"
#include "eval/overlap_check.h"
#include "eval/prompt_digest.h"
#include "eval/scorer.h"

namespace residency::eval {
namespace {

using dataset::Example;

double headline_of(const ModelScores& scores, const std::vector<Prediction>& predictions) {
  const Scorer scorer(scores.task, predictions, scores.choices, scores.negative, scores.code_table);
  return scorer.values(std::vector<std::uint32_t>(predictions.size(), 1)).front();
}

/// The headline metric within each category, where the items name any.
void score_categories(ModelScores& scores) {
  std::map<std::string, std::vector<Prediction>> groups;
  for (const Prediction& prediction : scores.predictions) {
    if (!prediction.category.empty()) groups[prediction.category].push_back(prediction);
  }
  for (const auto& [name, predictions] : groups)
    scores.categories[name] = {predictions.size(), headline_of(scores, predictions)};
}

void score_subgroups(const EvalOptions& options, ModelScores& scores) {
  std::map<std::string, std::map<std::string, std::vector<Prediction>>> groups;
  for (const Prediction& prediction : scores.predictions) {
    for (const auto& [attribute, value] : prediction.groups)
      groups[attribute][value].push_back(prediction);
  }
  for (const auto& [attribute, values] : groups) {
    for (const auto& [value, predictions] : values) {
      const Scorer scorer(scores.task, predictions, scores.choices, scores.negative,
                          scores.code_table);
      const auto metrics = score(scorer, options.seed, static_cast<std::size_t>(options.resamples));
      scores.subgroups[attribute][value] = {predictions.size(), metrics.at(scorer.names().front())};
    }
  }
}

std::string digest_of(const std::vector<Example>& items) {
  PromptDigest digest;
  for (const Example& item : items) {
    for (const auto& message : item.messages) digest.add(message.content);
    for (const std::string& label : item.labels) digest.add(label);
    for (const std::string& label : entity_labels(item.entities)) digest.add(label);
  }
  return digest.hex();
}

Result<void> check_training(LineSource& training, const std::vector<Example>& items,
                            ModelScores& scores) {
  std::vector<bool> touched;
  RESIDENCY_TRY(scores.overlap, check_overlap(training, items, touched));
  std::vector<Prediction> clean;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!touched[i]) clean.push_back(scores.predictions[i]);
  }
  scores.overlap.clean_items = clean.size();
  if (!clean.empty()) scores.overlap.clean_value = headline_of(scores, clean);
  return {};
}

}  // namespace

void check_codes(const CodeTable& table, ModelScores& scores) {
  scores.code_table = true;
  std::set<std::string> gold;
  for (Prediction& prediction : scores.predictions) {
    gold.insert(prediction.labels.begin(), prediction.labels.end());
    prediction.unknown_codes = static_cast<std::uint64_t>(
        std::count_if(prediction.parsed.begin(), prediction.parsed.end(),
                      [&](const std::string& code) { return !table.has(code); }));
  }
  scores.gold_unknown_codes = static_cast<std::uint64_t>(std::count_if(
      gold.begin(), gold.end(), [&](const std::string& code) { return !table.has(code); }));
}

Prediction prediction_for(const Example& item, EvalTask task) {
  Prediction prediction;
  prediction.id = item.id;
  prediction.category = item.category;
  prediction.groups = item.groups;
  prediction.labels = gold_labels(item, task);
  return prediction;
}

void judge_sets(Prediction& prediction) {
  const std::set<std::string> gold(prediction.labels.begin(), prediction.labels.end());
  const std::set<std::string> given(prediction.parsed.begin(), prediction.parsed.end());
  prediction.correct = gold == given;
  prediction.score = item_f1(prediction.labels, prediction.parsed);
}

void fill_metrics(const EvalOptions& options, ModelScores& scores) {
  const Scorer scorer(options.task, scores.predictions, scores.choices, scores.negative,
                      scores.code_table);
  scores.headline = scorer.names().front();
  scores.metrics = score(scorer, options.seed, static_cast<std::size_t>(options.resamples));
  scores.calibration = calibrate(scores.predictions);
  score_categories(scores);
  score_subgroups(options, scores);
}

Result<void> finish_scores(const EvalOptions& options, const EvalInputs& inputs,
                           const std::vector<Example>& items, ModelScores& scores) {
  scores.items_sha256 = digest_of(items);
  if (inputs.code_table != nullptr) check_codes(*inputs.code_table, scores);
  fill_metrics(options, scores);
  scores.split = inputs.split;
  if (scores.sampled()) {
    scores.split.why_not.push_back(
        fmt::format("a sample of {} from {} items", scores.items, scores.items_in_set));
  }
  scores.overlap.test_items = items.size();
  if (inputs.training != nullptr)
    RESIDENCY_TRY_VOID(check_training(*inputs.training, items, scores));
  if (!scores.general_text.sha256.empty()) {
    const std::size_t windows = scores.general_text.window_losses.size();
    auto drawn = bootstrap(windows, options.seed, static_cast<std::size_t>(options.resamples),
                           [&](const std::vector<std::uint32_t>& weights) {
                             return std::vector<double>{scores.general_text.perplexity(weights)};
                           });
    scores.metrics["general_perplexity"] =
        with_interval(scores.general_text.perplexity(std::vector<std::uint32_t>(windows, 1)),
                      drawn.empty() ? std::vector<double>() : std::move(drawn.front()));
  }
  return {};
}

}  // namespace residency::eval
