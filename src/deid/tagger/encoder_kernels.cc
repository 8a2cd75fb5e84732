#include "deid/tagger/encoder_kernels.h"

#define RESIDENCY_KERNEL_NAMESPACE encoder_plain
#define RESIDENCY_KERNEL_LANE 4
#include "deid/tagger/encoder_kernels.inc"

namespace residency::deid {

#if defined(__x86_64__)
namespace encoder_avx2 {
EncoderKernels kernels();
}
namespace encoder_avx512 {
EncoderKernels kernels();
}
#endif

const EncoderKernels& EncoderKernels::of_this_machine() {
  static const EncoderKernels kernels = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
      return encoder_avx512::kernels();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      return encoder_avx2::kernels();
#endif
    return encoder_plain::kernels();
  }();
  return kernels;
}

}  // namespace residency::deid
