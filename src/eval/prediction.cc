#include "eval/prediction.h"

#include <algorithm>

#include "base/json.h"

namespace residency::eval {
namespace {

Result<std::vector<std::string>> texts(const Json& object, std::string_view key) {
  const Json& list = json_member(object, key);
  if (!list.is_array()) return invalid_input("must be a list of texts: " + std::string(key));
  std::vector<std::string> values;
  for (const Json& value : list) {
    if (!value.is_string()) return invalid_input("must be a list of texts: " + std::string(key));
    values.push_back(value.get<std::string>());
  }
  return values;
}

}  // namespace

std::string to_json_line(const Prediction& prediction) {
  Json json = {{"id", prediction.id},         {"category", prediction.category},
               {"labels", prediction.labels}, {"prediction", prediction.prediction},
               {"parsed", prediction.parsed}, {"readable", prediction.readable},
               {"asked", prediction.asked},   {"correct", prediction.correct},
               {"score", prediction.score}};
  if (!prediction.logprobs.empty()) json["logprobs"] = prediction.logprobs;
  if (!prediction.ranked.empty()) json["ranked"] = prediction.ranked;
  if (!prediction.groups.empty()) json["groups"] = prediction.groups;
  if (prediction.unknown_codes > 0) json["unknown_codes"] = prediction.unknown_codes;
  return dump_json(json);
}

Result<Prediction> prediction_from_json_line(std::string_view line) {
  RESIDENCY_TRY(const auto json, parse_json(line));
  if (!json.is_object()) return invalid_input("must be an object: line");
  Prediction prediction;
  for (const char* key : {"id", "category", "prediction"}) {
    if (!json_member(json, key).is_string()) {
      return invalid_input("must be a text: " + std::string(key));
    }
  }
  for (const char* key : {"readable", "asked", "correct"}) {
    if (!json_member(json, key).is_boolean()) {
      return invalid_input("must be true or false: " + std::string(key));
    }
  }
  if (!json_member(json, "score").is_number()) return invalid_input("must be a number: score");
  prediction.id = json_text(json, "id");
  prediction.category = json_text(json, "category");
  prediction.prediction = json_text(json, "prediction");
  prediction.readable = json_flag(json, "readable");
  prediction.asked = json_flag(json, "asked");
  prediction.correct = json_flag(json, "correct");
  prediction.score = json_number(json, "score");
  RESIDENCY_TRY(prediction.labels, texts(json, "labels"));
  RESIDENCY_TRY(prediction.parsed, texts(json, "parsed"));
  if (json.contains("ranked")) {
    RESIDENCY_TRY(prediction.ranked, texts(json, "ranked"));
  }
  for (const auto& [name, value] : json_member(json, "groups").items()) {
    if (!value.is_string()) return invalid_input("must be an object of texts: groups");
    prediction.groups[name] = value.get<std::string>();
  }
  prediction.unknown_codes =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_integer(json, "unknown_codes")));
  for (const Json& value : json_member(json, "logprobs")) {
    if (!value.is_number()) return invalid_input("must be a list of numbers: logprobs");
    prediction.logprobs.push_back(value.get<double>());
  }
  return prediction;
}

}  // namespace residency::eval
