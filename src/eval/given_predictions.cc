#include "eval/given_predictions.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "eval/answer_reader.h"
#include "eval/entity_counts.h"
#include "eval/finish_scores.h"
#include "eval/text_overlap.h"

namespace residency::eval {
namespace {

constexpr std::size_t kItemsMax = 1'000'000;

/// Texts, or entities as texts; nothing where the field is missing or null.
Result<std::optional<std::vector<std::string>>> labels_at(const Json& line, const char* key,
                                                          bool entities) {
  const Json& list = json_member(line, key);
  if (list.is_null()) return std::optional<std::vector<std::string>>();
  if (!list.is_array()) return invalid_input(fmt::format("must be a list: {}", key));
  std::vector<std::string> labels;
  for (const Json& item : list) {
    if (item.is_string()) {
      labels.push_back(item.get<std::string>());
      continue;
    }
    const std::int64_t begin = json_integer(item, "start", -1);
    const std::int64_t end = json_integer(item, "end", -1);
    if (!entities || begin < 0 || end <= begin || !json_member(item, "type").is_string())
      return invalid_input(
          fmt::format("must be a list of {}: {}", entities ? "{start, end, type}" : "texts", key));
    labels.push_back(entity_label(
        {static_cast<std::size_t>(begin), static_cast<std::size_t>(end), json_text(item, "type")}));
  }
  return std::optional(std::move(labels));
}

Result<void> read_pair(const Json& line, const char* gold, Prediction& prediction) {
  // Our own lines have the gold text alone in "labels".
  const Json& list = json_member(line, "labels");
  const bool own = !line.contains(gold) && list.is_array() && list.size() == 1;
  const Json& right = own ? list.front() : json_member(line, gold);
  if (!right.is_string()) return invalid_input(fmt::format("must be a text: {}", gold));
  prediction.labels = {right.get<std::string>()};
  const Json& given = json_member(line, "prediction");
  if (given.is_null()) return {};
  if (!given.is_string()) return invalid_input("must be a text: prediction");
  prediction.prediction = given.get<std::string>();
  prediction.parsed = {prediction.prediction};
  prediction.readable = !prediction.prediction.empty();
  return {};
}

Result<void> read_sets(const Json& line, bool entities, Prediction& prediction) {
  RESIDENCY_TRY(auto gold, labels_at(line, "labels", entities));
  if (!gold) return invalid_input("must be a list: labels");
  prediction.labels = *std::move(gold);
  RESIDENCY_TRY(auto given, labels_at(line, "parsed", entities));
  RESIDENCY_TRY(auto ranked, labels_at(line, "ranked", false));
  prediction.readable = given.has_value() && json_flag(line, "readable", true);
  if (given) prediction.parsed = *std::move(given);
  if (ranked) {
    prediction.ranked = *std::move(ranked);
  } else if (!entities) {
    prediction.ranked = prediction.parsed;
  }
  return {};
}

Result<Prediction> read_line(const Json& line, EvalTask task) {
  if (!line.is_object()) return invalid_input("must be an object: line");
  Prediction prediction;
  prediction.id = json_text(line, "id");
  prediction.category = json_text(line, "category");
  prediction.asked = json_flag(line, "asked", true);
  for (const auto& [name, value] : json_member(line, "groups").items()) {
    if (!value.is_string()) return invalid_input("must be an object of texts: groups");
    prediction.groups[name] = value.get<std::string>();
  }
  for (const Json& value : json_member(line, "logprobs")) {
    if (!value.is_number()) return invalid_input("must be a list of numbers: logprobs");
    prediction.logprobs.push_back(value.get<double>());
  }
  const bool texts = task == EvalTask::kGeneration || task == EvalTask::kExact;
  if (texts) {
    RESIDENCY_TRY_VOID(
        read_pair(line, line.contains("reference") ? "reference" : "label", prediction));
    prediction.correct =
        prediction.readable && squeeze(prediction.prediction) == squeeze(prediction.labels.front());
    prediction.score = task == EvalTask::kGeneration
                           ? rouge_l(prediction.labels.front(), prediction.prediction)
                           : (prediction.correct ? 1 : 0);
    return prediction;
  }
  if (line.contains("label")) {
    RESIDENCY_TRY_VOID(read_pair(line, "label", prediction));
  } else {
    RESIDENCY_TRY_VOID(read_sets(line, task == EvalTask::kEntities, prediction));
  }
  if (task == EvalTask::kMultipleChoice || task == EvalTask::kClassification)
    prediction.ranked.clear();
  judge_sets(prediction);
  return prediction;
}

std::vector<std::string> as_labels(const std::vector<std::string>& tags, TagScheme scheme) {
  std::vector<std::string> labels;
  for (const Chunk& chunk : tag_chunks(tags, scheme))
    labels.push_back(entity_label({chunk.first, chunk.last + 1, chunk.type}));
  return labels;
}

}  // namespace

Result<std::vector<Prediction>> read_given_predictions(std::string_view bytes, EvalTask task,
                                                       std::string_view name) {
  std::vector<Prediction> predictions;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty() || line == "\r") continue;
    const std::string where = fmt::format("{}:{}", name, number);
    const auto json = parse_json(line);
    if (!json.ok()) return json.error().with_context(where);
    auto prediction = read_line(*json, task);
    if (!prediction.ok()) return prediction.error().with_context(where);
    if (predictions.size() == kItemsMax)
      return resource_exhausted(fmt::format("{}: more than {} items", name, kItemsMax));
    predictions.push_back(std::move(prediction).value());
  }
  if (predictions.empty()) return invalid_input(fmt::format("{}: no predictions", name));
  return predictions;
}

Result<std::vector<Prediction>> read_prediction_columns(std::string_view bytes, TagScheme scheme,
                                                        std::string_view name) {
  constexpr std::string_view kSpace = " \t\r";
  std::vector<Prediction> predictions;
  std::vector<std::string> gold;
  std::vector<std::string> given;
  const auto end_sentence = [&] {
    if (gold.empty()) return;
    Prediction prediction;
    prediction.id = std::to_string(predictions.size() + 1);
    prediction.readable = true;
    prediction.labels = as_labels(gold, scheme);
    prediction.parsed = as_labels(given, scheme);
    judge_sets(prediction);
    predictions.push_back(std::move(prediction));
    gold.clear();
    given.clear();
  };
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    const auto last = line.find_last_not_of(kSpace);
    if (last == std::string_view::npos) {
      end_sentence();
      continue;
    }
    line = line.substr(0, last + 1);
    const auto before_last = line.find_last_of(kSpace);
    const auto gold_end = before_last == std::string_view::npos
                              ? before_last
                              : line.find_last_not_of(kSpace, before_last);
    if (gold_end == std::string_view::npos)
      return invalid_input(fmt::format("{}:{}: needs two tags", name, number));
    const std::string_view front = line.substr(0, gold_end + 1);
    const auto gold_begin = front.find_last_of(kSpace);
    gold.emplace_back(gold_begin == std::string_view::npos ? front : front.substr(gold_begin + 1));
    given.emplace_back(line.substr(before_last + 1));
    if (!is_tag(gold.back()) || !is_tag(given.back()))
      return invalid_input(fmt::format("{}:{}: is no tag", name, number));
    if (predictions.size() == kItemsMax)
      return resource_exhausted(fmt::format("{}: more than {} items", name, kItemsMax));
  }
  end_sentence();
  if (predictions.empty()) return invalid_input(fmt::format("{}: no predictions", name));
  return predictions;
}

}  // namespace residency::eval
