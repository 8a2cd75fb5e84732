#include "deid/proof/interval.h"

#include <algorithm>
#include <cmath>

namespace residency::deid {
namespace {

constexpr double kTiny = 1e-300;
constexpr double kPrecision = 1e-15;
constexpr int kTermsMax = 10'000;

/// Lentz's evaluation of the continued fraction for the incomplete beta function.
double beta_fraction(double a, double b, double x) {
  const auto away_from_zero = [](double value) { return std::fabs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double value = d;
  for (int m = 1; m <= kTermsMax; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    const double step = d * c;
    value *= step;
    if (std::fabs(step - 1) < kPrecision) break;
  }
  return value;
}

/// The x for which I_x(a, b) is `wanted`.
double beta_quantile(double a, double b, double wanted) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (incomplete_beta(a, b, middle) < wanted ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

Interval clopper_pearson(std::uint64_t found, std::uint64_t n, double confidence) {
  if (n == 0) return {};
  found = std::min(found, n);
  const double tail = (1 - confidence) / 2;
  const auto k = static_cast<double>(found);
  const auto all = static_cast<double>(n);
  Interval interval;
  interval.low = found == 0 ? 0 : beta_quantile(k, all - k + 1, tail);
  interval.high = found == n ? 1 : beta_quantile(k + 1, all - k, 1 - tail);
  return interval;
}

double rule_of_three(std::uint64_t n) {
  return n == 0 ? 1.0 : std::min(1.0, 3.0 / static_cast<double>(n));
}

std::optional<Recapture> chapman(std::uint64_t first, std::uint64_t second, std::uint64_t both) {
  if (both > first || both > second) return std::nullopt;
  const auto n1 = static_cast<double>(first);
  const auto n2 = static_cast<double>(second);
  const auto m = static_cast<double>(both);
  const double seen = n1 + n2 - m;
  Recapture estimate;
  estimate.total = (n1 + 1) * (n2 + 1) / (m + 1) - 1;
  estimate.missed = std::max(0.0, estimate.total - seen);
  const double variance = (n1 + 1) * (n2 + 1) * (n1 - m) * (n2 - m) / ((m + 1) * (m + 1) * (m + 2));
  const double reach = 1.96 * std::sqrt(variance);
  estimate.missed_range = {std::max(0.0, estimate.total - reach - seen),
                           std::max(0.0, estimate.total + reach - seen)};
  return estimate;
}

std::optional<double> cohen_kappa(std::uint64_t both, std::uint64_t first_alone,
                                  std::uint64_t second_alone, std::uint64_t neither) {
  const auto a = static_cast<double>(both);
  const auto b = static_cast<double>(first_alone);
  const auto c = static_cast<double>(second_alone);
  const auto d = static_cast<double>(neither);
  const double n = a + b + c + d;
  if (n == 0) return std::nullopt;
  const double agreed = (a + d) / n;
  const double chance = ((a + b) * (a + c) + (c + d) * (b + d)) / (n * n);
  if (chance >= 1) return 1.0;
  return (agreed - chance) / (1 - chance);
}

}  // namespace residency::deid
