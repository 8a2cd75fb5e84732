#include "eval/eval_report.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace residency::eval {
namespace {

Result<Metric> metric_at(const Json& json, const char* key) {
  const Json& value = json_member(json, key);
  if (!json_member(value, "value").is_number()) {
    return invalid_input("must be a number: comparison.metrics." + std::string(key));
  }
  return Metric{json_number(value, "value"), json_number(value, "low"), json_number(value, "high")};
}

Result<Comparison> comparison_from_json(const Json& json) {
  Comparison comparison;
  if (!json.is_object()) return invalid_input("must be an object: comparison");
  const auto count = [&](const char* key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_integer(json, key)));
  };
  comparison.items = count("items");
  comparison.headline = json_text(json, "headline");
  comparison.base_only_correct = count("base_only_correct");
  comparison.tuned_only_correct = count("tuned_only_correct");
  comparison.mcnemar_p = json_number(json, "mcnemar_p", 1);
  comparison.better = count("better");
  comparison.worse = count("worse");
  comparison.prompts_differ = json_flag(json, "prompts_differ");
  for (const Json& id : json_member(json, "worse_ids")) {
    if (id.is_string()) comparison.worse_ids.push_back(id.get<std::string>());
  }
  const Json& metrics = json_member(json, "metrics");
  if (!metrics.is_object()) return invalid_input("must be an object: comparison.metrics");
  for (const auto& [name, value] : metrics.items()) {
    MetricChange change;
    RESIDENCY_TRY(change.base, metric_at(value, "base"));
    RESIDENCY_TRY(change.tuned, metric_at(value, "tuned"));
    RESIDENCY_TRY(change.difference, metric_at(value, "difference"));
    if (json_member(value, "relative").is_number())
      change.relative = json_number(value, "relative");
    comparison.metrics[name] = change;
  }
  return comparison;
}

std::string cell(const Metric& metric) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", metric.value, metric.low, metric.high);
}

std::string change_cell(const MetricChange& change) {
  std::string text = fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", change.difference.value,
                                 change.difference.low, change.difference.high);
  if (change.relative) text += fmt::format(" {:+.0f} %", 100 * *change.relative);
  return text;
}

/// What every score must say of itself.
std::string conditions(const ModelScores& scores) {
  std::string text = fmt::format("n = {}, {} gold labels, template: {}, shots: {}, prompts: {}\n",
                                 scores.items, scores.label_count, scores.template_use,
                                 scores.shots, scores.prompts_sha256.substr(0, 16));
  for (const std::string& line : scores_notes(scores)) text += line + "\n";
  return text;
}

std::string others_table(const EvalReport& report) {
  std::string text;
  for (const OtherModel& other : report.others) {
    text += fmt::format("\nagainst {}{}\n", other.name,
                        other.comparison.prompts_differ ? " (its own chat template)" : "");
    for (const auto& [name, change] : other.comparison.metrics) {
      text += fmt::format("{:<20} {:<22} {:<22} {}\n", name, cell(change.base), cell(change.tuned),
                          change_cell(change));
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> scores_notes(const ModelScores& scores) {
  std::vector<std::string> notes;
  if (scores.official()) {
    notes.push_back(fmt::format("official test split of {}, whole", scores.split.benchmark));
  } else if (scores.split.benchmark.empty()) {
    notes.push_back(scores.sampled()
                        ? fmt::format("sampled from {}: not an official score", scores.items_in_set)
                        : "not an official score: no benchmark's published split");
  } else {
    notes.push_back(fmt::format("not an official score of {}: {}", scores.split.benchmark,
                                fmt::join(scores.split.why_not, "; ")));
  }
  const RepeatedItems& repeated = scores.repeated;
  if (repeated.items > 0) {
    notes.push_back(fmt::format(
        "asked again: {} of {} items gave the same answer{}", repeated.items - repeated.differing,
        repeated.items,
        repeated.largest > 0 ? fmt::format(", log-probabilities within {:.2g}", repeated.largest)
                             : ""));
  }
  const TrainingOverlap& overlap = scores.overlap;
  if (overlap.known) {
    notes.push_back(fmt::format(
        "training data: {} of {} items share a 13-gram with it, {} most of theirs, {} are near "
        "duplicates; {} over the {} others: {:.3f}",
        overlap.any_gram, overlap.test_items, overlap.most_grams, overlap.near_duplicates,
        scores.headline, overlap.clean_items, overlap.clean_value));
  } else {
    notes.push_back("training data: what the base was trained on is not known here");
  }
  if (scores.gold_unknown_codes > 0)
    notes.push_back(
        fmt::format("{} gold codes are not in the table of codes", scores.gold_unknown_codes));
  return notes;
}

Json EvalReport::to_json() const {
  Json json = {{"base", base.to_json()},
               {"tuned", tuned.to_json()},
               {"comparison", comparison.to_json()},
               {"gate", gate.to_json()},
               {"passed", passed}};
  for (const OtherModel& other : others) {
    json["others"].push_back({{"name", other.name},
                              {"scores", other.scores.to_json()},
                              {"comparison", other.comparison.to_json()}});
  }
  return json;
}

Result<EvalReport> EvalReport::from_json(const Json& json) {
  EvalReport report;
  RESIDENCY_TRY(report.base, ModelScores::from_json(json_member(json, "base")));
  RESIDENCY_TRY(report.tuned, ModelScores::from_json(json_member(json, "tuned")));
  RESIDENCY_TRY(report.comparison, comparison_from_json(json_member(json, "comparison")));
  RESIDENCY_TRY(report.gate, GateDecision::from_json(json_member(json, "gate")));
  for (const Json& item : json_member(json, "others")) {
    OtherModel other;
    other.name = json_text(item, "name");
    RESIDENCY_TRY(other.scores, ModelScores::from_json(json_member(item, "scores")));
    RESIDENCY_TRY(other.comparison, comparison_from_json(json_member(item, "comparison")));
    report.others.push_back(std::move(other));
  }
  if (!json_member(json, "passed").is_boolean()) {
    return invalid_input("must be true or false: passed");
  }
  report.passed = json_flag(json, "passed");
  if (report.passed != report.gate.passed) {
    return corrupt("report's decision is not what its gate says");
  }
  return report;
}

std::string render_table(const EvalReport& report) {
  std::string text =
      fmt::format("{:<20} {:<22} {:<22} {}\n", "metric (95 %)", "base", "tuned", "difference");
  for (const auto& [name, change] : report.comparison.metrics) {
    text += fmt::format("{:<20} {:<22} {:<22} {}\n", name, cell(change.base), cell(change.tuned),
                        change_cell(change));
  }
  text += conditions(report.tuned);
  text +=
      fmt::format("items better: {}, worse: {}; McNemar exact p = {:.2g} ({} against {})\n",
                  report.comparison.better, report.comparison.worse, report.comparison.mcnemar_p,
                  report.comparison.tuned_only_correct, report.comparison.base_only_correct);
  text += report.passed ? "gate: passed\n" : "gate: refused\n";
  for (const std::string& reason : report.gate.reasons()) text += "  " + reason + "\n";
  text += others_table(report);
  return text;
}

std::string render_table(const ModelScores& scores) {
  std::string text = fmt::format("{:<20} {}\n", "metric (95 %)", "score");
  for (const auto& [name, metric] : scores.metrics) {
    text += fmt::format("{:<20} {}\n", name, cell(metric));
  }
  return text + conditions(scores);
}

}  // namespace residency::eval
