#if defined(__x86_64__)
#define RESIDENCY_KERNELS avx512_bf16
#include "train/kernels/tables.inc"
#endif
