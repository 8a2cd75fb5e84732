#include "model/label_head.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <set>

#include "base/json.h"
#include "model/safetensors.h"

namespace residency::model {
namespace {

constexpr std::int64_t kWidthMax = 1 << 20;

/// log(sigmoid(x)), without overflow.
float log_sigmoid(float x) {
  return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
}

std::string_view type_of(std::string_view tag) {
  return tag.size() > 2 ? tag.substr(2) : std::string_view();
}

Result<std::vector<std::string>> read_labels(const std::string& text, const std::string& name) {
  const auto json = parse_json(text);
  if (!json.ok() || !json->is_array() || json->size() > kHeadLabelsMax)
    return corrupt("a head's labels are no list: " + name);
  std::vector<std::string> labels;
  for (const Json& label : *json) {
    if (!label.is_string()) return corrupt("a head's label is no text: " + name);
    labels.push_back(label.get<std::string>());
  }
  if (labels.empty() || std::set<std::string>(labels.begin(), labels.end()).size() != labels.size())
    return corrupt("a head's labels are missing or repeated: " + name);
  return labels;
}

}  // namespace

std::string_view head_kind_name(HeadKind kind) {
  switch (kind) {
    case HeadKind::kTags:
      return "tags";
    case HeadKind::kLabel:
      return "label";
    case HeadKind::kLabels:
      return "labels";
  }
  return "";
}

Result<HeadKind> head_kind_named(std::string_view name) {
  for (const HeadKind kind : {HeadKind::kTags, HeadKind::kLabel, HeadKind::kLabels}) {
    if (name == head_kind_name(kind)) return kind;
  }
  return invalid_input("a head is one of tags, label, labels");
}

std::vector<float> LabelHead::log_scores(std::span<const float> hidden) const {
  std::vector<float> scores(labels.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const float* row = weight.data() + i * hidden.size();
    float sum = bias[i];
    for (std::size_t j = 0; j < hidden.size(); ++j) sum += row[j] * hidden[j];
    scores[i] = sum;
  }
  if (kind == HeadKind::kLabels) {
    for (float& score : scores) score = log_sigmoid(score);
    return scores;
  }
  const float largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (const float score : scores) total += std::exp(static_cast<double>(score - largest));
  const float shift = largest + static_cast<float>(std::log(total));
  for (float& score : scores) score -= shift;
  return scores;
}

Result<std::string> write_label_head(const LabelHead& head) {
  const auto labels = static_cast<std::int64_t>(head.labels.size());
  return write_safetensors(
      {{"weight", {{labels, head.width}, head.weight}}, {"bias", {{labels}, head.bias}}},
      {{"kind", std::string(head_kind_name(head.kind))},
       {"attention", head.bidirectional ? "both" : "causal"},
       {"labels", dump_json(Json(head.labels))}});
}

Result<LabelHead> read_label_head(std::string bytes, const std::string& name) {
  RESIDENCY_TRY(const auto file, SafetensorsFile::parse(std::move(bytes), name));
  const auto member = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  LabelHead head;
  RESIDENCY_TRY(head.kind, head_kind_named(member("kind")));
  const std::string attention = member("attention");
  if (attention != "both" && attention != "causal")
    return corrupt("a head's attention is neither both nor causal: " + name);
  head.bidirectional = attention == "both";
  RESIDENCY_TRY(head.labels, read_labels(member("labels"), name));
  const auto found = file.tensors().find("weight");
  const auto labels = static_cast<std::int64_t>(head.labels.size());
  if (found == file.tensors().end() || found->second.shape.size() != 2 ||
      found->second.shape[0] != labels || found->second.shape[1] < 1 ||
      found->second.shape[1] > kWidthMax)
    return corrupt("a head's weight has not a row for each label: " + name);
  head.width = found->second.shape[1];
  RESIDENCY_TRY(head.weight, file.to_f32("weight"));
  RESIDENCY_TRY(head.bias, file.to_f32("bias"));
  if (head.bias.size() != head.labels.size())
    return corrupt("a head's bias has not a value for each label: " + name);
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(head.weight.begin(), head.weight.end(), finite) ||
      !std::all_of(head.bias.begin(), head.bias.end(), finite))
    return corrupt("a head holds values that are no numbers: " + name);
  return head;
}

std::vector<std::string> bio_tags(const std::vector<std::string>& types) {
  std::vector<std::string> tags{"O"};
  for (const std::string& type : types) {
    tags.push_back("B-" + type);
    tags.push_back("I-" + type);
  }
  return tags;
}

std::vector<std::size_t> best_tags(const std::vector<std::string>& tags,
                                   std::span<const float> log_scores) {
  const std::size_t count = tags.size();
  const std::size_t tokens = count == 0 ? 0 : log_scores.size() / count;
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  const auto may_follow = [&](std::size_t before, std::size_t tag) {
    if (!tags[tag].starts_with("I-")) return true;
    return tags[before] != "O" && type_of(tags[before]) == type_of(tags[tag]);
  };
  std::vector<std::size_t> from(tokens * count, 0);
  std::vector<float> best(count);
  std::vector<float> next(count);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t tag = 0; tag < count; ++tag) {
      const float own = log_scores[t * count + tag];
      float most = t == 0 ? (tags[tag].starts_with("I-") ? kNever : 0) : kNever;
      for (std::size_t before = 0; t > 0 && before < count; ++before) {
        if (!may_follow(before, tag) || best[before] <= most) continue;
        most = best[before];
        from[t * count + tag] = before;
      }
      next[tag] = most + own;
    }
    best.swap(next);
  }
  std::vector<std::size_t> path(tokens);
  if (tokens == 0) return path;
  path.back() = static_cast<std::size_t>(std::max_element(best.begin(), best.end()) - best.begin());
  for (std::size_t t = tokens - 1; t > 0; --t) path[t - 1] = from[t * count + path[t]];
  return path;
}

}  // namespace residency::model
