#include "train/adamw.h"

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

void adamw_update(const TrainOptions& options, std::int64_t step, double learning_rate,
                  double gradient_scale, std::span<const float> gradient, TrainState& state) {
  const double at = static_cast<double>(step);
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto epsilon = static_cast<float>(options.epsilon);
  const auto scale = static_cast<float>(gradient_scale);
  const auto rate = static_cast<float>(learning_rate / (1.0 - std::pow(options.beta1, at)));
  const auto correction = static_cast<float>(1.0 / (1.0 - std::pow(options.beta2, at)));
  const auto keep = static_cast<float>(1.0 - learning_rate * options.weight_decay);
  parallel_ranges(static_cast<std::int64_t>(gradient.size()), kGrain,
                  [&](std::int64_t begin, std::int64_t end) {
                    float* values = state.values.data();
                    float* first = state.first_moment.data();
                    float* second = state.second_moment.data();
                    for (std::int64_t i = begin; i < end; ++i) {
                      const float g = gradient.data()[i] * scale;
                      first[i] = beta1 * first[i] + (1 - beta1) * g;
                      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
                      values[i] = values[i] * keep -
                                  rate * first[i] / (std::sqrt(second[i] * correction) + epsilon);
                    }
                  });
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
    case Schedule::kConstant:
      break;
  }
  return options.learning_rate;
}

}  // namespace residency::train
