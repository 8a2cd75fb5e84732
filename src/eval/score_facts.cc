#include "eval/score_facts.h"

#include <algorithm>
#include <cmath>

namespace residency::eval {
namespace {

Result<std::uint64_t> count_at(const Json& json, const char* key) {
  const std::int64_t value = json_integer(json, key, -1);
  if (value < 0) return invalid_input("must be a whole number: " + std::string(key));
  return static_cast<std::uint64_t>(value);
}

Result<std::vector<std::string>> texts_at(const Json& json, const char* key) {
  std::vector<std::string> texts;
  for (const Json& text : json_member(json, key)) {
    if (!text.is_string()) return invalid_input("must be a list of texts: " + std::string(key));
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace

Json OfficialSplit::to_json() const {
  return {{"benchmark", benchmark}, {"official", official()}, {"why_not", why_not}};
}

Result<OfficialSplit> OfficialSplit::from_json(const Json& json) {
  OfficialSplit split;
  if (json.is_null()) return split;
  split.benchmark = json_text(json, "benchmark");
  RESIDENCY_TRY(split.why_not, texts_at(json, "why_not"));
  if (json_flag(json, "official") != split.official())
    return corrupt("official is not what its reasons say");
  return split;
}

Json RepeatedItems::to_json() const {
  return {{"items", items}, {"differing", differing}, {"largest_logprob_difference", largest}};
}

Result<RepeatedItems> RepeatedItems::from_json(const Json& json) {
  RepeatedItems repeated;
  if (json.is_null()) return repeated;
  RESIDENCY_TRY(repeated.items, count_at(json, "items"));
  RESIDENCY_TRY(repeated.differing, count_at(json, "differing"));
  repeated.largest = json_number(json, "largest_logprob_difference");
  return repeated;
}

Json TrainingOverlap::to_json() const {
  return {{"known", known},
          {"train_examples", train_examples},
          {"test_items", test_items},
          {"any_gram", any_gram},
          {"most_grams", most_grams},
          {"near_duplicates", near_duplicates},
          {"ids", ids},
          {"clean_value", clean_value},
          {"clean_items", clean_items}};
}

Result<TrainingOverlap> TrainingOverlap::from_json(const Json& json) {
  TrainingOverlap overlap;
  if (json.is_null()) return overlap;
  overlap.known = json_flag(json, "known");
  RESIDENCY_TRY(overlap.train_examples, count_at(json, "train_examples"));
  RESIDENCY_TRY(overlap.test_items, count_at(json, "test_items"));
  RESIDENCY_TRY(overlap.any_gram, count_at(json, "any_gram"));
  RESIDENCY_TRY(overlap.most_grams, count_at(json, "most_grams"));
  RESIDENCY_TRY(overlap.near_duplicates, count_at(json, "near_duplicates"));
  RESIDENCY_TRY(overlap.clean_items, count_at(json, "clean_items"));
  RESIDENCY_TRY(overlap.ids, texts_at(json, "ids"));
  overlap.clean_value = json_number(json, "clean_value");
  return overlap;
}

std::uint64_t GeneralText::tokens() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t tokens : window_tokens) sum += tokens;
  return sum;
}

double GeneralText::perplexity(const std::vector<std::uint32_t>& weights) const {
  double loss = 0;
  double tokens = 0;
  for (std::size_t i = 0; i < window_losses.size(); ++i) {
    loss += window_losses[i] * weights[i];
    tokens += static_cast<double>(window_tokens[i]) * weights[i];
  }
  return tokens == 0 ? 0 : std::exp(loss / tokens);
}

Json GeneralText::to_json() const {
  return {{"sha256", sha256}, {"window_losses", window_losses}, {"window_tokens", window_tokens}};
}

Result<GeneralText> GeneralText::from_json(const Json& json) {
  GeneralText text;
  if (json.is_null()) return text;
  text.sha256 = json_text(json, "sha256");
  for (const Json& loss : json_member(json, "window_losses")) {
    if (!loss.is_number()) return invalid_input("must be numbers: window_losses");
    text.window_losses.push_back(loss.get<double>());
  }
  for (const Json& tokens : json_member(json, "window_tokens")) {
    if (!tokens.is_number_unsigned()) return invalid_input("must be counts: window_tokens");
    text.window_tokens.push_back(tokens.get<std::uint64_t>());
  }
  if (text.window_losses.size() != text.window_tokens.size())
    return invalid_input("must be as many as window_tokens: window_losses");
  return text;
}

Json subgroups_to_json(const Subgroups& subgroups) {
  Json json = Json::object();
  for (const auto& [attribute, values] : subgroups) {
    for (const auto& [value, score] : values) {
      json[attribute][value] = {{"items", score.items},
                                {"value", score.value.value},
                                {"low", score.value.low},
                                {"high", score.value.high}};
    }
  }
  return json;
}

Result<Subgroups> subgroups_from_json(const Json& json) {
  Subgroups subgroups;
  if (json.is_null()) return subgroups;
  if (!json.is_object()) return invalid_input("must be an object: subgroups");
  for (const auto& [attribute, values] : json.items()) {
    if (!values.is_object()) return invalid_input("must be an object: subgroups");
    for (const auto& [value, score] : values.items()) {
      SubgroupScore& made = subgroups[attribute][value];
      RESIDENCY_TRY(made.items, count_at(score, "items"));
      made.value = {json_number(score, "value"), json_number(score, "low"),
                    json_number(score, "high")};
    }
  }
  return subgroups;
}

}  // namespace residency::eval
