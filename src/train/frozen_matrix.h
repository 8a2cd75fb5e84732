// FrozenMatrix: a weight matrix that changes seldom, rearranged for oneDNN's products.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "train/bf16.h"

namespace residency::train {

/// A product's rows are rounded up to this: callers' buffers have room for that many rows.
inline constexpr std::int64_t kRowBlock = 64;

constexpr std::int64_t round_up(std::int64_t count, std::int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// y[rows, n] = x[rows, k] * M[k, n] with M in T and sums in fp32. Not thread-safe: the product
/// itself runs on all threads.
template <class T>
class FrozenMatrix {
 public:
  FrozenMatrix();
  ~FrozenMatrix();
  FrozenMatrix(FrozenMatrix&&) noexcept;
  FrozenMatrix& operator=(FrozenMatrix&&) noexcept;

  /// M[i][j] = source[i * k_stride + j * n_stride]; one of the strides is 1. `source` is not kept.
  /// kInternal where oneDNN has no such product.
  static Result<FrozenMatrix> create(const T* source, std::int64_t k, std::int64_t n,
                                     std::int64_t k_stride, std::int64_t n_stride);

  /// Takes other values of the same shape, in place.
  Result<void> refill(const T* source, std::int64_t k_stride, std::int64_t n_stride);

  /// Rows are rounded up to kRowBlock. `out` holds rounded rows of n. With `adds`, what `out` held
  /// is added to the fp32 sums before they are rounded.
  Result<void> multiply(const T* x, std::int64_t rows, T* out, bool adds = false);
  /// The same with an fp32 result, without adding.
  Result<void> multiply_wide(const T* x, std::int64_t rows, float* out);

  std::int64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace residency::train
