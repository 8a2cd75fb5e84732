#include "train/bad_step.h"

#include <cmath>
#include <fmt/format.h>

namespace residency::train {
namespace {

constexpr int kWindow = 50;
constexpr int kStepsMin = 20;
// Of the loss: a run that has learnt its data by heart has no deviation to speak of.
constexpr double kDeviationMin = 0.05;

}  // namespace

SkipReason judge_step(const TrainOptions& options, const std::vector<LossPoint>& history,
                      double loss, double gradient_norm) {
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm)) return SkipReason::kNotFinite;
  if (options.spike_sigma <= 0) return SkipReason::kNone;
  double sum = 0;
  double squares = 0;
  int count = 0;
  for (auto point = history.rbegin(); point != history.rend() && count < kWindow; ++point) {
    if (point->skipped != SkipReason::kNone) continue;
    sum += point->loss;
    squares += point->loss * point->loss;
    ++count;
  }
  if (count < kStepsMin) return SkipReason::kNone;
  const double mean = sum / count;
  const double deviation =
      std::max(std::sqrt(std::max(0.0, squares / count - mean * mean)), kDeviationMin);
  return loss > mean + options.spike_sigma * deviation ? SkipReason::kSpike : SkipReason::kNone;
}

Result<void> check_bad_steps(const TrainOptions& options, const std::vector<LossPoint>& history) {
  std::int64_t bad = 0;
  for (auto point = history.rbegin();
       point != history.rend() && point->skipped != SkipReason::kNone; ++point)
    ++bad;
  if (bad < options.bad_steps_max) return {};
  const LossPoint& first = history[history.size() - static_cast<std::size_t>(bad)];
  return invalid_input(fmt::format(
      "training diverged: the loss or gradient is not finite, or jumped, at step {} and the {} "
      "after it; lower train.learning_rate or raise train.warmup_ratio",
      first.step, bad - 1));
}

}  // namespace residency::train
