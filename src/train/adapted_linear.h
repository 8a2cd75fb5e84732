// AdaptedLinear: frozen projections of one input, side by side, with their adapters.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"
#include "train/adapter_layout.h"
#include "train/aligned_buffer.h"
#include "train/dense_gradient.h"
#include "train/frozen_weights.h"
#include "train/kernels/kernel_table.h"

namespace residency::train {

/// y = x W^T + scale (x A^T) B^T for each of several W, whose outputs lie side by side.
/// The scale goes into the packed B, so that u = x A^T and du need none.
/// DoRA stretches each output by magnitude / |its row of W + scale B A|, the length taken as a
/// constant in backward (Liu et al. 2024, section 4.3).
template <class T>
class AdaptedLinear {
 public:
  /// `tensors` are the projections' names, all of the same input width.
  static Result<AdaptedLinear> create(const FrozenStore<T>& store, const AdapterLayout& layout,
                                      const std::vector<std::string>& tensors);

  void set_adapter(std::span<const float> values);
  /// DoRA: the rows' stretches from values, to be called before set_adapter() and by one thread,
  /// since it multiplies.
  Result<void> set_stretches(std::span<const float> values);
  bool is_dora() const { return stretches_.size() > 0; }
  /// Takes the matrices themselves, where the layout trains them.
  /// `scratch` may grow.
  Result<void> set_weights(std::span<const float> values, AlignedBuffer<T>& scratch);

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }
  /// Width of u, which forward() gives and backward_weights() takes; 0 without adapters.
  std::int64_t inner() const { return inner_; }

  /// x [rows, in], y [rows rounded up, out], u [rows, inner].
  Result<void> forward(const T* x, std::int64_t rows, T* y, T* u, double& gemm_s);
  /// dx = dy W + du A, where dx is given; du stays in the scratch for backward_weights(), which
  /// must follow before any other linear's backward.
  Result<void> backward_input(const T* dy, std::int64_t rows, T* dx, double& gemm_s);
  /// Adds to the adapters' part of `gradient`, or to that of the matrices themselves. DoRA needs
  /// the outputs `y`, too.
  Result<void> backward_weights(const T* dy, const T* x, const T* u, const T* y, std::int64_t rows,
                                std::span<float> gradient);

 private:
  struct Part {
    std::int64_t out_at = 0;  // column of y
    std::int64_t out = 0;
    std::int64_t rank = 0;
    std::int64_t rank_padded = 0;
    std::int64_t u_at = 0;  // column of u
    float scale = 0;
    std::int64_t a_offset = 0;
    std::int64_t b_offset = 0;
    std::int64_t m_offset = -1;
    AlignedBuffer<std::byte> b_forward;   // [rank, out]
    AlignedBuffer<std::byte> b_backward;  // [out, rank]
  };
  /// A matrix that is itself trained.
  struct DensePart {
    std::int64_t out_at = 0;  // column of y
    std::int64_t out = 0;
    std::int64_t offset = 0;
  };
  PackedOperand operand(const AlignedBuffer<std::byte>& buffer, std::int64_t columns) const;
  void add_magnitude_gradient(const T* dy, const T* y, std::int64_t rows,
                              std::span<float> gradient);
  void transpose_inner(const T* from, std::int64_t rows, AlignedBuffer<T>& to);

  const KernelTable<T>* kernels_ = nullptr;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
  std::int64_t inner_ = 0;
  bool all_adapted_ = false;
  std::unique_ptr<FrozenWeights<T>> frozen_;
  std::vector<Part> parts_;       // those with an adapter
  std::vector<DensePart> dense_;  // those that are themselves trained
  DenseGradient<T> dense_gradient_;
  AlignedBuffer<float> stretches_;  // DoRA: of each output; 1 where it has no adapter
  AlignedBuffer<float> inverse_magnitudes_;
  std::vector<double> row_squares_;      // of W
  AlignedBuffer<std::byte> a_forward_;   // [in, inner]
  AlignedBuffer<std::byte> a_backward_;  // [inner, in]
  std::shared_ptr<AdapterScratch<T>> scratch_;
};

}  // namespace residency::train
