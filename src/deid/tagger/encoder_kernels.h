// EncoderKernels: the encoder's arithmetic, one source compiled for each kind of vector unit and
// chosen when it is run.
#pragma once

#include <cstddef>

namespace residency::deid {

/// A row's width is a multiple of this many floats.
inline constexpr std::size_t kEncoderLane = 16;

struct EncoderKernels {
  /// c[i][j] += sum over p of a[i][p] * b[p][j], for i < rows, j < columns, p < inner. `columns` is
  /// a multiple of kEncoderLane and the distance of b's rows; a's are a_stride apart, c's c_stride.
  void (*multiply_add)(std::size_t rows, std::size_t columns, std::size_t inner, const float* a,
                       std::size_t a_stride, const float* b, float* c, std::size_t c_stride);
  /// out[j] += y[j] * gate(y[width + j]) with gate(x) = 1/2 + x / (2 + 2 |x|): a gated linear unit
  /// (Dauphin et al. 2017) whose gate needs no exponential.
  void (*add_gated)(std::size_t width, const float* y, float* out);
  /// From the gradient of add_gated's result to that of y (2 * width floats).
  void (*gate_gradient)(std::size_t width, const float* y, const float* gradient, float* out);

  /// The fastest that this processor runs.
  static const EncoderKernels& of_this_machine();
};

}  // namespace residency::deid
