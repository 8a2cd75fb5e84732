#include "train/optimiser/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "train/parallel.h"

namespace residency::train {
namespace {

constexpr std::int64_t kGrain = 1 << 16;

}  // namespace

double norm_of(std::span<const float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  std::vector<double> sums(static_cast<std::size_t>((count + kGrain - 1) / kGrain), 0.0);
  parallel_ranges(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const double value = static_cast<double>(values[static_cast<std::size_t>(i)]);
      sum += value * value;
    }
    sums[static_cast<std::size_t>(begin / kGrain)] = sum;
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return std::sqrt(sum);
}

double learning_rate_at(const TrainOptions& options, std::int64_t step, std::int64_t steps) {
  const double warmup = std::ceil(options.warmup_ratio * static_cast<double>(steps));
  const double at = static_cast<double>(step);
  if (at <= warmup) return options.learning_rate * at / warmup;
  const double left = std::max(1.0, static_cast<double>(steps) - warmup + 1);
  const double share = std::clamp((at - warmup) / left, 0.0, 1.0);
  switch (options.schedule) {
    case Schedule::kCosine:
      return options.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
    case Schedule::kLinear:
      return options.learning_rate * (1.0 - share);
    case Schedule::kWsd: {
      const double decay =
          std::max(1.0, std::ceil(options.decay_ratio * static_cast<double>(steps)));
      const double after = static_cast<double>(steps) + 1 - at;  // 1 at the last step
      return options.learning_rate * std::min(1.0, after / (decay + 1));
    }
    case Schedule::kConstant:
      break;
  }
  return options.learning_rate;
}

}  // namespace residency::train
