// AdapterScratch: what adapters' backward passes need for a moment, one after the other.
#pragma once

#include <cstddef>
#include <vector>

#include "train/aligned_buffer.h"

namespace residency::train {

template <class T>
struct AdapterScratch {
  AlignedBuffer<T> du;         // [rows, inner], from backward_input() to backward_weights()
  AlignedBuffer<T> u_turned;   // [inner, rows]
  AlignedBuffer<T> du_turned;  // the same
  AlignedBuffer<T> dz;         // DoRA: dy by the rows' stretch [rows, out], as long as du
  AlignedBuffer<float> wide;   // DoRA: products before they are stretched [rows, out]
  std::vector<AlignedBuffer<std::byte>> by_thread;
};

}  // namespace residency::train
