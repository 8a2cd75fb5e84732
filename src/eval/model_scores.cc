#include "eval/model_scores.h"

#include <algorithm>
#include <fmt/format.h>

namespace residency::eval {
namespace {

Result<Metric> metric_from_json(const std::string& name, const Json& json) {
  for (const char* key : {"value", "low", "high"}) {
    if (!json_member(json, key).is_number()) {
      return invalid_input(fmt::format("must be a number: metrics.{}.{}", name, key));
    }
  }
  return Metric{json_number(json, "value"), json_number(json, "low"), json_number(json, "high")};
}

}  // namespace

Json to_json(const Metric& metric) {
  return {{"value", metric.value}, {"low", metric.low}, {"high", metric.high}};
}

Json ModelScores::to_json() const {
  Json json = {{"task", task_name(task)},
               {"items", items},
               {"items_in_set", items_in_set},
               {"sampled", sampled()},
               {"headline", headline},
               {"choices", choices},
               {"negative", negative},
               {"label_count", label_count},
               {"prompts_sha256", prompts_sha256},
               {"template", template_use},
               {"shots", shots},
               {"completion_tokens", completion_tokens},
               {"options", options_json},
               {"items_sha256", items_sha256},
               {"code_table", code_table},
               {"gold_unknown_codes", gold_unknown_codes},
               {"calibration", calibration.to_json()},
               {"subgroups", subgroups_to_json(subgroups)},
               {"split", split.to_json()},
               {"official", official()},
               {"repeated", repeated.to_json()},
               {"training_overlap", overlap.to_json()},
               {"general_text", general_text.to_json()}};
  Json values = Json::object();
  for (const auto& [name, metric] : metrics) values[name] = eval::to_json(metric);
  json["metrics"] = std::move(values);
  Json groups = Json::object();
  for (const auto& [name, category] : categories) {
    groups[name] = {{"items", category.items}, {"value", category.value}};
  }
  json["categories"] = std::move(groups);
  return json;
}

Result<ModelScores> ModelScores::from_json(const Json& json) {
  if (!json.is_object()) return invalid_input("must be an object: scores");
  ModelScores scores;
  RESIDENCY_TRY(scores.task, task_named(json_text(json, "task")));
  for (const char* key : {"items", "items_in_set", "label_count", "shots", "completion_tokens"}) {
    const Json& value = json_member(json, key);
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
      return invalid_input("must be a whole number: " + std::string(key));
    }
  }
  for (const char* key : {"headline", "prompts_sha256", "template", "options"}) {
    if (!json_member(json, key).is_string()) {
      return invalid_input("must be a text: " + std::string(key));
    }
  }
  scores.items = static_cast<std::uint64_t>(json_integer(json, "items"));
  scores.items_in_set = static_cast<std::uint64_t>(json_integer(json, "items_in_set"));
  scores.label_count = static_cast<std::uint64_t>(json_integer(json, "label_count"));
  scores.shots = static_cast<int>(json_integer(json, "shots"));
  scores.completion_tokens = static_cast<std::uint64_t>(json_integer(json, "completion_tokens"));
  scores.headline = json_text(json, "headline");
  scores.prompts_sha256 = json_text(json, "prompts_sha256");
  scores.template_use = json_text(json, "template");
  scores.negative = json_text(json, "negative", "");
  scores.options_json = json_text(json, "options");
  for (const Json& choice : json_member(json, "choices")) {
    if (!choice.is_string()) return invalid_input("must be a list of texts: choices");
    scores.choices.push_back(choice.get<std::string>());
  }
  scores.items_sha256 = json_text(json, "items_sha256");
  scores.code_table = json_flag(json, "code_table");
  scores.gold_unknown_codes = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, json_integer(json, "gold_unknown_codes")));
  RESIDENCY_TRY(scores.calibration, Calibration::from_json(json_member(json, "calibration")));
  RESIDENCY_TRY(scores.subgroups, subgroups_from_json(json_member(json, "subgroups")));
  RESIDENCY_TRY(scores.split, OfficialSplit::from_json(json_member(json, "split")));
  RESIDENCY_TRY(scores.repeated, RepeatedItems::from_json(json_member(json, "repeated")));
  RESIDENCY_TRY(scores.overlap, TrainingOverlap::from_json(json_member(json, "training_overlap")));
  RESIDENCY_TRY(scores.general_text, GeneralText::from_json(json_member(json, "general_text")));
  const Json& metrics = json_member(json, "metrics");
  if (!metrics.is_object()) return invalid_input("must be an object: metrics");
  for (const auto& [name, value] : metrics.items()) {
    RESIDENCY_TRY(scores.metrics[name], metric_from_json(name, value));
  }
  const Json& categories = json_member(json, "categories");
  for (const auto& [name, value] : categories.items()) {
    scores.categories[name] = {static_cast<std::uint64_t>(json_integer(value, "items")),
                               json_number(value, "value")};
  }
  return scores;
}

Result<void> ModelScores::read_predictions(LineSource& lines) {
  predictions.clear();
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) break;
    auto prediction = prediction_from_json_line(line);
    if (!prediction.ok()) {
      return prediction.error().with_context(
          fmt::format("predictions.jsonl:{}", predictions.size() + 1));
    }
    predictions.push_back(std::move(prediction).value());
    if (predictions.size() > items) break;
  }
  if (predictions.size() != items) {
    return invalid_input(fmt::format("predictions are not as many as the scores' items: {}, {}",
                                     predictions.size(), items));
  }
  return {};
}

}  // namespace residency::eval
