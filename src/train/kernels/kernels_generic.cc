#define RESIDENCY_KERNELS generic
#include "train/kernels/tables.inc"
