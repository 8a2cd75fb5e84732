// The kernel tables that each instruction set's source file defines.
#pragma once

#include "train/kernels/kernel_table.h"

namespace residency::train {

namespace generic {
const KernelTable<float>& float_table();
const KernelTable<Bf16>& bf16_table();
}  // namespace generic

namespace avx2 {
const KernelTable<float>& float_table();
const KernelTable<Bf16>& bf16_table();
}  // namespace avx2

namespace avx512 {  // without bf16
const KernelTable<float>& float_table();
const KernelTable<Bf16>& bf16_table();
}  // namespace avx512

namespace avx512_bf16 {
const KernelTable<float>& float_table();
const KernelTable<Bf16>& bf16_table();
}  // namespace avx512_bf16

}  // namespace residency::train
