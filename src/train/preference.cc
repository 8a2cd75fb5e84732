#include "train/preference.h"

#include <algorithm>
#include <cmath>

namespace residency::train {
namespace {

/// -log sigmoid(x), without overflow.
double minus_log_sigmoid(double x) {
  return std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

}  // namespace

PairGradient dpo(const PairLosses& policy, const PairLosses& reference, double beta) {
  const double margin =
      beta * ((reference.chosen - policy.chosen) - (reference.rejected - policy.rejected));
  const double pull = beta * sigmoid(-margin);
  return {minus_log_sigmoid(margin), pull, -pull};
}

PairGradient orpo(const PairLosses& policy, std::int64_t chosen_tokens,
                  std::int64_t rejected_tokens, double weight) {
  // A mean loss of nothing would be odds without end.
  constexpr double kMeanMin = 1e-6;
  const auto n = static_cast<double>(std::max<std::int64_t>(chosen_tokens, 1));
  const auto m = static_cast<double>(std::max<std::int64_t>(rejected_tokens, 1));
  const double chosen = std::max(policy.chosen / n, kMeanMin);
  const double rejected = std::max(policy.rejected / m, kMeanMin);
  // log odds of p = exp(-mean): -mean - log(1 - exp(-mean)).
  const auto log_odds = [](double mean) { return -mean - std::log(-std::expm1(-mean)); };
  const double margin = log_odds(chosen) - log_odds(rejected);
  const double pull = weight * sigmoid(-margin);
  // d log odds / d mean = -1 / (1 - exp(-mean)).
  return {policy.chosen / n + weight * minus_log_sigmoid(margin),
          (1 + pull / -std::expm1(-chosen)) / n, -pull / -std::expm1(-rejected) / m};
}

PairGradient kto(double policy, double reference, double moved, bool desirable, double beta) {
  const double gain = reference - policy;  // log of how much likelier the answer has become
  const double sign = desirable ? 1 : -1;
  const double value = sigmoid(beta * sign * (gain - moved));
  // d gain / d policy = -1.
  return {1 - value, beta * sign * value * (1 - value), 0};
}

}  // namespace residency::train
