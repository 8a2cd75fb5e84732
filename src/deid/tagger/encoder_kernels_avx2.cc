// Compiled for AVX2 and FMA.
#if defined(__AVX2__)
#define RESIDENCY_KERNEL_NAMESPACE encoder_avx2
#define RESIDENCY_KERNEL_LANE 8
#include "deid/tagger/encoder_kernels.inc"
#endif
