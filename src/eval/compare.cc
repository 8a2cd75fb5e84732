#include "eval/compare.h"

#include <algorithm>
#include <fmt/format.h>

#include "eval/scorer.h"

namespace residency::eval {
namespace {

Result<void> check_same_items(const ModelScores& base, const ModelScores& tuned,
                              bool same_prompts) {
  if (base.task != tuned.task) return invalid_input("scores are of different tasks");
  if (base.choices != tuned.choices || base.negative != tuned.negative)
    return invalid_input("scores are of different choices");
  if (base.predictions.size() != tuned.predictions.size()) {
    return invalid_input(fmt::format("scores are of different numbers of items: {}, {}",
                                     base.predictions.size(), tuned.predictions.size()));
  }
  if (base.predictions.empty()) return invalid_input("scores hold no predictions to compare");
  for (std::size_t i = 0; i < base.predictions.size(); ++i) {
    if (base.predictions[i].id != tuned.predictions[i].id ||
        base.predictions[i].labels != tuned.predictions[i].labels) {
      return invalid_input(fmt::format("scores are of different items: item {}", i + 1));
    }
  }
  if (base.prompts_sha256 == tuned.prompts_sha256) return {};
  if (same_prompts) return invalid_input("scores are of different prompts");
  if (base.items_sha256 != tuned.items_sha256)
    return invalid_input("scores are of items with different texts");
  return {};
}

void compare_items(const ModelScores& base, const ModelScores& tuned, Comparison& comparison) {
  for (std::size_t i = 0; i < base.predictions.size(); ++i) {
    const Prediction& before = base.predictions[i];
    const Prediction& after = tuned.predictions[i];
    comparison.base_only_correct += before.correct && !after.correct ? 1 : 0;
    comparison.tuned_only_correct += after.correct && !before.correct ? 1 : 0;
    comparison.better += after.score > before.score ? 1 : 0;
    if (after.score < before.score) {
      ++comparison.worse;
      if (comparison.worse_ids.size() < Comparison::kWorseShownMax) {
        comparison.worse_ids.push_back(after.id);
      }
    }
  }
  comparison.mcnemar_p = mcnemar_exact(comparison.base_only_correct, comparison.tuned_only_correct);
}

/// Perplexity on the same text, with a paired bootstrap over its windows.
void compare_general_text(const ModelScores& base, const ModelScores& tuned, std::uint64_t seed,
                          std::size_t resamples, Comparison& comparison) {
  const GeneralText& before = base.general_text;
  const GeneralText& after = tuned.general_text;
  const std::size_t windows = before.window_losses.size();
  if (before.sha256.empty() || before.sha256 != after.sha256 || windows == 0 ||
      windows != after.window_losses.size())
    return;
  const auto difference = [&](const std::vector<std::uint32_t>& weights) {
    return std::vector<double>{after.perplexity(weights) - before.perplexity(weights)};
  };
  const double whole = difference(std::vector<std::uint32_t>(windows, 1)).front();
  auto drawn = bootstrap(windows, seed, resamples, difference);
  MetricChange change;
  const auto found = [](const ModelScores& scores) {
    const auto metric = scores.metrics.find("general_perplexity");
    return metric == scores.metrics.end() ? Metric{} : metric->second;
  };
  change.base = found(base);
  change.tuned = found(tuned);
  change.difference =
      with_interval(whole, drawn.empty() ? std::vector<double>() : std::move(drawn.front()));
  if (change.base.value != 0) change.relative = whole / change.base.value;
  comparison.metrics["general_perplexity"] = change;
}

/// Canaries are no test items: their metrics stand side by side, without resampling.
void compare_canaries(const ModelScores& base, const ModelScores& tuned, Comparison& comparison) {
  for (const auto& [name, metric] : tuned.metrics) {
    if (!name.starts_with("canary_")) continue;
    MetricChange change;
    const auto found = base.metrics.find(name);
    if (found != base.metrics.end()) change.base = found->second;
    change.tuned = metric;
    const double difference = metric.value - change.base.value;
    change.difference = {difference, difference, difference};
    if (change.base.value != 0) change.relative = difference / change.base.value;
    comparison.metrics[name] = change;
  }
}

}  // namespace

Result<Comparison> compare(const ModelScores& base, const ModelScores& tuned, std::uint64_t seed,
                           std::size_t resamples, bool same_prompts) {
  RESIDENCY_TRY_VOID(check_same_items(base, tuned, same_prompts));
  const bool table = base.code_table && tuned.code_table;
  const Scorer before(base.task, base.predictions, base.choices, base.negative, table);
  const Scorer after(tuned.task, tuned.predictions, tuned.choices, tuned.negative, table);
  // Metrics that only one of the two has (ranks, of a head alone) are not compared.
  std::vector<std::string> names;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < before.names().size(); ++i) {
    const auto found = std::find(after.names().begin(), after.names().end(), before.names()[i]);
    if (found == after.names().end()) continue;
    names.push_back(before.names()[i]);
    places.emplace_back(i, static_cast<std::size_t>(found - after.names().begin()));
  }
  const auto differences = [&](const std::vector<std::uint32_t>& weights) {
    const auto old_values = before.values(weights);
    const auto new_values = after.values(weights);
    std::vector<double> values;
    for (const auto& [i, j] : places) values.push_back(new_values[j] - old_values[i]);
    return values;
  };
  const auto whole = differences(std::vector<std::uint32_t>(before.items(), 1));
  auto drawn = bootstrap(before.items(), seed, resamples, differences);
  drawn.resize(whole.size());
  Comparison comparison;
  comparison.items = before.items();
  comparison.headline = before.names().front();
  const auto metric = [](const ModelScores& scores, const std::string& name) {
    const auto found = scores.metrics.find(name);
    return found == scores.metrics.end() ? Metric{} : found->second;
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string& name = names[i];
    MetricChange change;
    change.base = metric(base, name);
    change.tuned = metric(tuned, name);
    change.difference = with_interval(whole[i], std::move(drawn[i]));
    if (change.base.value != 0) change.relative = whole[i] / change.base.value;
    comparison.metrics[name] = change;
  }
  compare_items(base, tuned, comparison);
  compare_general_text(base, tuned, seed, resamples, comparison);
  comparison.prompts_differ = base.prompts_sha256 != tuned.prompts_sha256;
  compare_canaries(base, tuned, comparison);
  return comparison;
}

Json Comparison::to_json() const {
  Json values = Json::object();
  for (const auto& [name, change] : metrics) {
    values[name] = {{"base", eval::to_json(change.base)},
                    {"tuned", eval::to_json(change.tuned)},
                    {"difference", eval::to_json(change.difference)},
                    {"relative", change.relative ? Json(*change.relative) : Json()}};
  }
  return {{"items", items},
          {"headline", headline},
          {"metrics", std::move(values)},
          {"base_only_correct", base_only_correct},
          {"tuned_only_correct", tuned_only_correct},
          {"mcnemar_p", mcnemar_p},
          {"better", better},
          {"worse", worse},
          {"worse_ids", worse_ids},
          {"prompts_differ", prompts_differ}};
}

}  // namespace residency::eval
