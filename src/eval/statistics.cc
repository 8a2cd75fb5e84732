#include "eval/statistics.h"

#include <algorithm>
#include <cmath>

#include "dataset/keyed_hash.h"

namespace residency::eval {
namespace {

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::uint32_t> resample(std::size_t count, std::uint64_t seed, std::uint64_t round) {
  std::vector<std::uint32_t> weights(count, 0);
  dataset::RandomStream random(dataset::derived_seed(seed, "bootstrap", round));
  for (std::size_t i = 0; i < count; ++i) ++weights[random.below(count)];
  return weights;
}

std::vector<std::vector<double>> bootstrap(
    std::size_t count, std::uint64_t seed, std::size_t resamples,
    const std::function<std::vector<double>(const std::vector<std::uint32_t>&)>& values_of) {
  std::vector<std::vector<double>> drawn;
  for (std::size_t round = 0; round < resamples; ++round) {
    const auto values = values_of(resample(count, seed, round));
    drawn.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) drawn[i].push_back(values[i]);
  }
  return drawn;
}

Metric with_interval(double value, std::vector<double> drawn) {
  if (drawn.empty()) return {value, value, value};
  std::sort(drawn.begin(), drawn.end());
  return {value, percentile(drawn, 0.025), percentile(drawn, 0.975)};
}

double mcnemar_exact(std::uint64_t first_only, std::uint64_t second_only) {
  const std::uint64_t differ = first_only + second_only;
  if (differ == 0) return 1;
  const std::uint64_t fewer = std::min(first_only, second_only);
  // Terms of the binomial distribution with p = 1/2, in logarithms: 2^-n underflows past n = 1074.
  double log_term = -static_cast<double>(differ) * std::log(2.0);
  double tail = 0;
  for (std::uint64_t i = 0; i <= fewer; ++i) {
    tail += std::exp(log_term);
    log_term += std::log(static_cast<double>(differ - i)) - std::log(static_cast<double>(i + 1));
  }
  return std::min(1.0, 2 * tail);
}

}  // namespace residency::eval
