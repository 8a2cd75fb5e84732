// Statistics over test items: bootstrap intervals and McNemar's exact test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace residency::eval {

/// A value with its 95% percentile-bootstrap interval (Efron 1979).
struct Metric {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// How often each of `count` items is drawn in one resample: `count` draws with replacement, by
/// seed and round alone, so that two models are resampled alike.
std::vector<std::uint32_t> resample(std::size_t count, std::uint64_t seed, std::uint64_t round);

/// Values computed on resamples: one vector per value, `resamples` long. `values_of` maps weights
/// (draws per item) to the values, always as many.
std::vector<std::vector<double>> bootstrap(
    std::size_t count, std::uint64_t seed, std::size_t resamples,
    const std::function<std::vector<double>(const std::vector<std::uint32_t>&)>& values_of);

/// The 2.5% and 97.5% percentiles of `drawn` (linear between order statistics) around `value`.
Metric with_interval(double value, std::vector<double> drawn);

/// Two-sided exact McNemar test on the items where two models differ: `first_only` right for the
/// first model only, `second_only` for the second only. 1 where they never differ.
double mcnemar_exact(std::uint64_t first_only, std::uint64_t second_only);

}  // namespace residency::eval
