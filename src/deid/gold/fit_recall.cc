#include "deid/gold/fit_recall.h"

#include <algorithm>
#include <optional>

#include "deid/tagger/tag_set.h"

namespace residency::deid {
namespace {

constexpr double kBiases[] = {0, -1, -2, -4};
constexpr double kThresholds[] = {0.5, 0.3, 0.15, 0.05, 0.01};

/// The gold's classes by the group of labels that finds them.
std::vector<PhiClass> classes_of(PhiClass group) {
  std::vector<PhiClass> classes;
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    const auto phi_class = static_cast<PhiClass>(i);
    const auto found = tag_group(phi_class);
    if (found && kTagGroups[*found] == group) classes.push_back(phi_class);
  }
  return classes;
}

/// The highest threshold that does for a group, or the one that does most.
struct Choice {
  std::optional<double> threshold;  // nothing: the model's own
  double recall = 0;
};

class Fit {
 public:
  Fit(const std::vector<GoldDocument>& documents, DetectorOptions options, bool with_record,
      Progress& progress)
      : documents_(documents),
        options_(std::move(options)),
        with_record_(with_record),
        progress_(progress) {}

  Result<Score> score(const TaggerReach& reach) {
    options_.reach = reach;
    RESIDENCY_TRY(const auto detector, Detector::open(options_));
    Score sum;
    for (const GoldDocument& document : documents_) {
      if (progress_.cancelled()) return cancelled("the fit was stopped");
      RESIDENCY_TRY(const auto spans,
                    detector->detect(document.text, with_record_ ? &document.known : nullptr));
      sum.add(deid::score(document.text, document.spans, spans));
    }
    progress_.update(++runs_, 1 + std::size(kBiases) * std::size(kThresholds), "settings", "");
    return sum;
  }

 private:
  const std::vector<GoldDocument>& documents_;
  DetectorOptions options_;
  bool with_record_;
  Progress& progress_;
  std::uint64_t runs_ = 0;
};

std::optional<double> recall_of(const Score& score, PhiClass group) {
  const ClassScore counts = score.total_of(classes_of(group));
  if (counts.gold_spans == 0) return std::nullopt;
  return counts.byte_recall();
}

TaggerReach same_for_all(double bias, double threshold) {
  TaggerReach reach{bias, {}};
  for (const PhiClass group : kTagGroups) reach.thresholds[group] = threshold;
  return reach;
}

}  // namespace

Json RecallFit::settings() const {
  Json thresholds = Json::object();
  for (const auto& [group, threshold] : reach.thresholds)
    thresholds[std::string(phi_class_name(group))] = threshold;
  return {{"tagger_bias", reach.bias}, {"tagger_thresholds", thresholds}};
}

Result<RecallFit> fit_recall(const std::vector<GoldDocument>& documents,
                             const DetectorOptions& options, bool with_record, double wanted,
                             Progress& progress) {
  if (documents.empty()) return invalid_argument("a fit needs gold");
  if (!(wanted > 0 && wanted <= 1))
    return invalid_argument("the wanted recall must be above 0, at most 1");
  Fit fit(documents, options, with_record, progress);
  // Groups that the model's own thresholds serve well enough keep them.
  RESIDENCY_TRY(const Score own, fit.score({}));
  RecallFit result;
  double best_sum = -1;
  for (const double bias : kBiases) {
    std::map<PhiClass, Choice> choices;
    for (const PhiClass group : kTagGroups) {
      const auto recall = recall_of(own, group);
      if (recall && *recall < wanted) choices[group] = {std::nullopt, *recall};
    }
    if (choices.empty()) break;
    for (const double threshold : kThresholds) {
      RESIDENCY_TRY(const Score at, fit.score(same_for_all(bias, threshold)));
      for (auto& [group, choice] : choices) {
        const double recall = recall_of(at, group).value_or(0);
        if (choice.recall < wanted && recall > choice.recall) choice = {threshold, recall};
      }
    }
    TaggerReach reach{bias, {}};
    double sum = 0;
    bool reached = true;
    for (const auto& [group, choice] : choices) {
      if (choice.threshold) reach.thresholds[group] = *choice.threshold;
      sum += std::min(choice.recall, wanted);
      reached = reached && choice.recall >= wanted;
    }
    if (sum > best_sum) result.reach = reach;
    best_sum = std::max(best_sum, sum);
    result.reached = reached;
    if (reached) break;
  }
  RESIDENCY_TRY(const Score final_score, fit.score(result.reach));
  for (const PhiClass group : kTagGroups) {
    if (const auto recall = recall_of(final_score, group)) result.recall[group] = *recall;
  }
  result.recall_of_all = final_score.total().byte_recall();
  result.altered = final_score.altered_share();
  return result;
}

}  // namespace residency::deid
