// How fast this machine multiplies matrices, for reports that state a share of it.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "train/train_options.h"

namespace residency::train {

/// The best of several products [rows, k] x [k, n] through oneDNN with packed weights, in 10^9
/// floating point operations a second.
Result<double> gemm_peak_gigaflops(Precision precision, std::int64_t rows, std::int64_t k,
                                   std::int64_t n);

}  // namespace residency::train
