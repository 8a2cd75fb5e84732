#if defined(__x86_64__)
#define RESIDENCY_KERNELS avx2
#include "train/kernels/tables.inc"
#endif
