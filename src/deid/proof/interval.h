// Intervals for counts of errors: how much may be left where little or nothing was found.
#pragma once

#include <cstdint>
#include <optional>

namespace residency::deid {

struct Interval {
  double low = 0;
  double high = 1;
};

/// The regularised incomplete beta function I_x(a, b), a and b above 0, x in 0 to 1. Continued
/// fraction of Lentz's method (Abramowitz and Stegun 26.5.8).
double incomplete_beta(double a, double b, double x);

/// The exact interval of a proportion of which `found` of `n` were seen, two-sided at `confidence`
/// (Clopper and Pearson 1934). [0, 1] where n is 0.
Interval clopper_pearson(std::uint64_t found, std::uint64_t n, double confidence = 0.95);

/// 3/n: with 95 % confidence no more than this share leaks where n were looked at and none did
/// (Hanley and Lippman-Hand 1983). 1 where n is 0.
double rule_of_three(std::uint64_t n);

struct Recapture {
  double total = 0;   // estimated, of both reviewers' finds and what neither saw
  double missed = 0;  // by both
  Interval missed_range;
};

/// How many there are where one reviewer found `first`, another `second`, and `both` of these are
/// the same: Chapman's estimate (1951) with its normal interval at 95 %, cut at what was seen.
/// Nothing where `both` is more than either.
std::optional<Recapture> chapman(std::uint64_t first, std::uint64_t second, std::uint64_t both);

/// Agreement of two reviewers over items both judged, beyond chance (Cohen 1960): counts of items
/// that both marked, the first alone, the second alone, neither. Nothing for no items; 1 where
/// chance alone would agree always and they do.
std::optional<double> cohen_kappa(std::uint64_t both, std::uint64_t first_alone,
                                  std::uint64_t second_alone, std::uint64_t neither);

}  // namespace residency::deid
