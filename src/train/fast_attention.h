// FastAttention: block-diagonal attention over packed segments, on all threads.
#pragma once

#include <cstdint>
#include <vector>

#include "train/aligned_buffer.h"
#include "train/kernels/kernel_table.h"

namespace residency::train {

template <class T>
class FastAttention {
 public:
  FastAttention(const KernelTable<T>& kernels, AttentionShape shape)
      : kernels_(&kernels), shape_(shape) {}

  const AttentionShape& shape() const { return shape_; }

  /// Takes the borders of segments (first 0, last the row count) for the calls that follow.
  void set_segments(const std::vector<std::size_t>& starts);

  /// qkv [rows, stride] rotated; out [rows, heads * dimension]; log_sums [rows, heads].
  void forward(const T* qkv, T* out, float* log_sums);
  /// dqkv [rows, stride], of the rotated q and k.
  void backward(const T* qkv, const T* out, const T* dout, const float* log_sums, T* dqkv);

 private:
  struct Block {
    std::int64_t segment = 0;
    std::int64_t block = 0;
  };
  const KernelTable<T>* kernels_;
  AttentionShape shape_;
  std::int64_t rows_ = 0;
  std::int64_t padded_rows_ = 0;  // each segment rounded up to kAttentionBlock
  std::int64_t longest_ = 0;
  std::vector<AttentionSegment> segments_;
  std::vector<std::int64_t> padded_starts_;
  std::vector<Block> blocks_;  // the longest first
  AlignedBuffer<std::byte> keys_, values_;
  AlignedBuffer<float> dkv_;
  std::vector<AlignedBuffer<float>> scores_;  // by thread
  std::vector<AlignedBuffer<T>> weights_;
  std::vector<AlignedBuffer<std::byte>> scratch_;
};

}  // namespace residency::train
