// DenseGradient: the gradient of a weight matrix that is itself trained, by oneDNN.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "train/aligned_buffer.h"
#include "train/kernels/kernel_table.h"

namespace residency::train {

/// Adds to gradient[out, in] (fp32, row-major) the product dy^T x over `rows`: dy [rows, out] in
/// rows of `dy_stride`, x [rows, in]. Sums are fp32. Not thread-safe: the product itself runs on
/// all threads.
template <class T>
class DenseGradient {
 public:
  /// Where `kernels` have no fast products in T, they are computed in fp32.
  explicit DenseGradient(const KernelTable<T>* kernels = nullptr);
  ~DenseGradient();
  DenseGradient(DenseGradient&&) noexcept;
  DenseGradient& operator=(DenseGradient&&) noexcept;

  /// kInternal where oneDNN has no such product.
  Result<void> add(const T* dy, std::int64_t dy_stride, std::int64_t out, const T* x,
                   std::int64_t in, std::int64_t rows, float* gradient);

 private:
  struct Impl;
  Result<void> add_widened(const T* dy, std::int64_t dy_stride, std::int64_t out, const T* x,
                           std::int64_t in, std::int64_t rows, float* gradient);

  const KernelTable<T>* kernels_ = nullptr;
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<DenseGradient<float>> wide_;
  AlignedBuffer<float> wide_dy_, wide_x_;
};

/// Adds to gradient[n] the sum over rows of dout * normal, both [rows, n]: the gradient of a norm's
/// weight.
template <class T>
void add_norm_gradient(const T* dout, const T* normal, std::int64_t rows, std::int64_t n,
                       float* gradient);

}  // namespace residency::train
