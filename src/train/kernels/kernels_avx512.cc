#if defined(__x86_64__)
#define RESIDENCY_KERNELS avx512
#include "train/kernels/tables.inc"
#endif
