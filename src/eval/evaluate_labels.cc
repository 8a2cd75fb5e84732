#include "eval/evaluate_labels.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <set>

#include "eval/finish_scores.h"
#include "eval/labelled_prompt.h"
#include "eval/prompt_digest.h"
#include "eval/test_items.h"

namespace residency::eval {
namespace {

constexpr std::size_t kRankedMax = 15;
/// Texts that are given to the model at once.
constexpr std::size_t kBlockItems = 256;

Result<void> check_kind(EvalTask task, model::HeadKind kind) {
  const bool fits = (task == EvalTask::kEntities && kind == model::HeadKind::kTags) ||
                    (task == EvalTask::kClassification && kind == model::HeadKind::kLabel) ||
                    (task == EvalTask::kCodeF1 && kind == model::HeadKind::kLabels);
  if (fits) return {};
  return invalid_argument(fmt::format(
      "eval.task {} is not what the model's head ({}) says: tags are for entities, label for "
      "classification, labels for code_f1",
      task_name(task), model::head_kind_name(kind)));
}

std::vector<std::string> ranked(const std::vector<std::string>& labels,
                                const std::vector<float>& scores) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t count = std::min(kRankedMax, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
                    });
  std::vector<std::string> best;
  for (std::size_t i = 0; i < count; ++i) best.push_back(labels[order[i]]);
  return best;
}

void fill(const model::LabelHead& head, const std::vector<std::string>& choices,
          const TextLabels& said, Prediction& prediction) {
  prediction.readable = true;
  switch (head.kind) {
    case model::HeadKind::kTags:
      prediction.parsed = entity_labels(said.entities);
      break;
    case model::HeadKind::kLabel:
      prediction.parsed = said.labels;
      prediction.prediction = said.labels.front();
      prediction.logprobs.clear();
      for (const std::string& choice : choices) {
        const auto at = std::find(head.labels.begin(), head.labels.end(), choice);
        if (at == head.labels.end()) break;
        prediction.logprobs.push_back(
            said.log_scores[static_cast<std::size_t>(at - head.labels.begin())]);
      }
      // A choice that the head does not know has no probability.
      if (prediction.logprobs.size() != choices.size()) prediction.logprobs.clear();
      break;
    case model::HeadKind::kLabels:
      prediction.parsed = said.labels;
      prediction.ranked = ranked(head.labels, said.log_scores);
      break;
  }
  judge_sets(prediction);
}

/// The labels that both the test set and the head know.
void name_labels(const EvalOptions& options, const std::vector<dataset::Example>& items,
                 ModelScores& scores) {
  std::set<std::string> gold;
  for (const auto& item : items) {
    if (options.task == EvalTask::kEntities) {
      for (const auto& entity : item.entities) gold.insert(entity.type);
    } else {
      gold.insert(item.labels.begin(), item.labels.end());
    }
  }
  scores.label_count = gold.size();
  scores.negative = options.negative;
  if (options.task != EvalTask::kClassification) return;
  scores.choices = options.choices;
  if (scores.choices.empty()) scores.choices.assign(gold.begin(), gold.end());
}

/// Asks the head of items[indices], in blocks, and fills in their predictions.
Result<void> ask(LabelModel& model, const std::vector<dataset::Example>& items,
                 const std::vector<std::string>& choices, std::size_t count,
                 std::vector<Prediction>& predictions, Progress& progress) {
  for (std::size_t from = 0; from < count; from += kBlockItems) {
    const std::size_t to = std::min(count, from + kBlockItems);
    std::vector<std::string> texts;
    for (std::size_t i = from; i < to; ++i) texts.push_back(items[i].messages.front().content);
    RESIDENCY_TRY(const auto said, model.ask(texts, [&](std::size_t done) {
      progress.update(std::min(to, from + done), count, "items", "");
      return !progress.cancelled();
    }));
    for (std::size_t i = from; i < to; ++i)
      fill(model.head(), choices, said[i - from], predictions[i]);
    progress.update(to, count, "items", "");
  }
  return {};
}

Result<void> repeat(const EvalOptions& options, LabelModel& model,
                    const std::vector<dataset::Example>& items, ModelScores& scores,
                    Progress& progress) {
  const std::size_t count = std::min(items.size(), static_cast<std::size_t>(options.repeat_items));
  auto again = scores.predictions;
  RESIDENCY_TRY_VOID(ask(model, items, scores.choices, count, again, progress));
  scores.repeated.items = count;
  for (std::size_t i = 0; i < count; ++i) {
    const Prediction& first = scores.predictions[i];
    scores.repeated.differing += first.parsed != again[i].parsed ? 1 : 0;
    for (std::size_t k = 0; k < first.logprobs.size(); ++k) {
      scores.repeated.largest =
          std::max(scores.repeated.largest, std::abs(first.logprobs[k] - again[i].logprobs[k]));
    }
  }
  return {};
}

}  // namespace

Result<ModelScores> evaluate_labels(const EvalOptions& options, LabelModel& model,
                                    EvalInputs inputs, Progress& progress) {
  RESIDENCY_TRY_VOID(check_kind(options.task, model.head().kind));
  RESIDENCY_TRY(auto items, read_items(inputs.test));
  ModelScores scores;
  scores.task = options.task;
  scores.items_in_set = items.size();
  items = sample_items(std::move(items), options);
  scores.items = items.size();
  if (items.empty()) return invalid_input("test set has no items");
  scores.options_json = options.canonical_json();
  scores.template_use = "labelled";
  name_labels(options, items, scores);
  PromptDigest digest;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].format != dataset::Format::kLabelled)
      return invalid_input(fmt::format("is no labelled text: test set item {}", i + 1));
    digest.add(items[i].messages.front().content);
    scores.predictions.push_back(prediction_for(items[i], options.task));
  }
  scores.prompts_sha256 = digest.hex();
  RESIDENCY_TRY_VOID(ask(model, items, scores.choices, items.size(), scores.predictions, progress));
  RESIDENCY_TRY_VOID(repeat(options, model, items, scores, progress));
  RESIDENCY_TRY_VOID(finish_scores(options, inputs, items, scores));
  return scores;
}

}  // namespace residency::eval
