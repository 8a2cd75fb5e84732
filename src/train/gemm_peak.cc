#include "train/gemm_peak.h"

#include <algorithm>

#include "train/aligned_buffer.h"
#include "train/frozen_matrix.h"
#include "train/stopwatch.h"

namespace residency::train {
namespace {

constexpr int kRounds = 5;
constexpr int kProductsInRound = 20;

template <class T>
Result<double> measure(std::int64_t rows, std::int64_t k, std::int64_t n) {
  rows = round_up(rows, kRowBlock);
  const AlignedBuffer<T> x(rows * k);
  const AlignedBuffer<T> weights(k * n);
  AlignedBuffer<T> y(rows * n);
  RESIDENCY_TRY(auto matrix, FrozenMatrix<T>::create(weights.data(), k, n, n, 1));
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    double seconds = 0;
    {
      const Stopwatch watch(seconds);
      for (int i = 0; i < kProductsInRound; ++i) {
        RESIDENCY_TRY_VOID(matrix.multiply(x.data(), rows, y.data()));
      }
    }
    const double operations = 2e-9 * static_cast<double>(kProductsInRound * rows * k * n);
    best = std::max(best, operations / seconds);
  }
  return best;
}

}  // namespace

Result<double> gemm_peak_gigaflops(Precision precision, std::int64_t rows, std::int64_t k,
                                   std::int64_t n) {
  RESIDENCY_TRY(const double wide, measure<float>(rows, k, n));
  if (precision == Precision::kFp32) return wide;
  RESIDENCY_TRY(const double narrow, measure<Bf16>(rows, k, n));
  return std::max(narrow, wide);
}

}  // namespace residency::train
