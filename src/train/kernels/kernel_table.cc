#include "train/kernels/kernel_table.h"

#include "train/kernels/kernel_tables.h"

namespace residency::train {

bool runs(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::kGeneric:
      return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    case InstructionSet::kAvx512Bf16:
      return runs(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512bf16");
  }
  return false;
#else
  return set == InstructionSet::kGeneric;
#endif
}

InstructionSet best_instruction_set() {
  if (runs(InstructionSet::kAvx512Bf16)) return InstructionSet::kAvx512Bf16;
  if (runs(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
  if (runs(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
  return InstructionSet::kGeneric;
}

template <>
const KernelTable<float>& kernels<float>(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512Bf16) return avx512_bf16::float_table();
  if (set == InstructionSet::kAvx512) return avx512::float_table();
  if (set == InstructionSet::kAvx2) return avx2::float_table();
#else
  (void)set;
#endif
  return generic::float_table();
}

template <>
const KernelTable<Bf16>& kernels<Bf16>(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512Bf16) return avx512_bf16::bf16_table();
  if (set == InstructionSet::kAvx512) return avx512::bf16_table();
  if (set == InstructionSet::kAvx2) return avx2::bf16_table();
#else
  (void)set;
#endif
  return generic::bf16_table();
}

}  // namespace residency::train
