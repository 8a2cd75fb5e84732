#include "eval/label_measures.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <set>

namespace residency::eval {
namespace {

constexpr std::size_t kLevelsMin = 3;
constexpr std::size_t kLevelsMax = 100;

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

}  // namespace

LabelMeasures::LabelMeasures(const std::vector<Prediction>& predictions,
                             const std::vector<std::string>& choices, const std::string& negative) {
  read_levels(predictions);
  read_probabilities(predictions, choices, negative);
}

void LabelMeasures::read_levels(const std::vector<Prediction>& predictions) {
  std::set<std::int64_t> known;
  for (const Prediction& item : predictions) {
    const auto number = item.labels.size() == 1 ? whole_number(item.labels.front()) : std::nullopt;
    if (!number) return;
    known.insert(*number);
  }
  if (known.size() < kLevelsMin || known.size() > kLevelsMax) return;
  numbers_.assign(known.begin(), known.end());
  const auto index = [&](const std::string& label) -> std::optional<std::size_t> {
    const auto number = whole_number(label);
    const auto at = std::find(numbers_.begin(), numbers_.end(), number.value_or(INT64_MAX));
    if (at == numbers_.end()) return std::nullopt;
    return static_cast<std::size_t>(at - numbers_.begin());
  };
  for (const Prediction& item : predictions) {
    Level level;
    level.gold = *index(item.labels.front());
    const auto said = item.parsed.size() == 1 ? index(item.parsed.front()) : std::nullopt;
    const bool low = 2 * level.gold < numbers_.size();
    level.answered = said.has_value();
    level.said = said.value_or(low ? numbers_.size() - 1 : 0);
    levels_.push_back(level);
  }
  names_.insert(names_.end(), {"quadratic_kappa", "above_gold_rate", "below_gold_rate"});
}

void LabelMeasures::read_probabilities(const std::vector<Prediction>& predictions,
                                       const std::vector<std::string>& choices,
                                       const std::string& negative) {
  if (choices.size() != 2 || negative.empty()) return;
  const auto found = std::find(choices.begin(), choices.end(), negative);
  if (found == choices.end()) return;
  const std::size_t no = found == choices.begin() ? 0 : 1;
  const std::size_t yes = 1 - no;
  for (const Prediction& item : predictions) {
    if (item.labels.size() != 1 || item.logprobs.size() != 2) return;
  }
  for (const Prediction& item : predictions) {
    scores_.push_back(item.logprobs[yes] - item.logprobs[no]);
    positive_.push_back(item.labels.front() == negative ? 0 : 1);
  }
  by_score_.resize(predictions.size());
  std::iota(by_score_.begin(), by_score_.end(), std::size_t{0});
  std::stable_sort(by_score_.begin(), by_score_.end(),
                   [&](std::size_t a, std::size_t b) { return scores_[a] < scores_[b]; });
  names_.push_back("roc_auc");
}

double LabelMeasures::kappa(const std::vector<std::uint32_t>& weights) const {
  const std::size_t count = numbers_.size();
  std::vector<double> gold(count, 0);
  std::vector<double> said(count, 0);
  double observed = 0;
  double whole = 0;
  const auto apart = [&](std::size_t a, std::size_t b) {
    const auto distance = static_cast<double>(numbers_[a] - numbers_[b]);
    return distance * distance;
  };
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = weights[i];
    gold[levels_[i].gold] += weight;
    said[levels_[i].said] += weight;
    observed += weight * apart(levels_[i].gold, levels_[i].said);
    whole += weight;
  }
  double expected = 0;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) expected += gold[a] * said[b] * apart(a, b);
  }
  if (expected == 0 || whole == 0) return 0;
  return 1 - observed * whole / expected;
}

double LabelMeasures::roc_auc(const std::vector<std::uint32_t>& weights) const {
  double below = 0;  // negatives with a lower score
  double positives = 0;
  double pairs = 0;
  for (std::size_t at = 0; at < by_score_.size();) {
    double tied_negative = 0;
    double tied_positive = 0;
    const double score = scores_[by_score_[at]];
    for (; at < by_score_.size() && scores_[by_score_[at]] == score; ++at) {
      const std::size_t item = by_score_[at];
      (positive_[item] != 0 ? tied_positive : tied_negative) += weights[item];
    }
    pairs += tied_positive * (below + tied_negative / 2);
    below += tied_negative;
    positives += tied_positive;
  }
  return positives == 0 || below == 0 ? 0.5 : pairs / (positives * below);
}

void LabelMeasures::append(const std::vector<std::uint32_t>& weights,
                           std::vector<double>& values) const {
  if (!levels_.empty()) {
    double above = 0;
    double under = 0;
    double whole = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      whole += weights[i];
      if (!levels_[i].answered) continue;
      above += levels_[i].said > levels_[i].gold ? weights[i] : 0;
      under += levels_[i].said < levels_[i].gold ? weights[i] : 0;
    }
    values.push_back(kappa(weights));
    values.push_back(whole == 0 ? 0 : above / whole);
    values.push_back(whole == 0 ? 0 : under / whole);
  }
  if (!positive_.empty()) values.push_back(roc_auc(weights));
}

}  // namespace residency::eval
