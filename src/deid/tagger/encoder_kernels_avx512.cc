// Compiled for AVX-512.
#if defined(__AVX512F__)
#define RESIDENCY_KERNEL_NAMESPACE encoder_avx512
#define RESIDENCY_KERNEL_LANE 16
#include "deid/tagger/encoder_kernels.inc"
#endif
