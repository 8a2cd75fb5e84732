#include "train/fast_attention.h"

#include <algorithm>

#include "train/frozen_matrix.h"
#include "train/parallel.h"

namespace residency::train {
namespace {

constexpr std::int64_t kRowGrain = 64;

}  // namespace

template <class T>
void FastAttention<T>::set_segments(const std::vector<std::size_t>& starts) {
  segments_.clear();
  padded_starts_.clear();
  blocks_.clear();
  padded_rows_ = 0;
  longest_ = 0;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const auto start = static_cast<std::int64_t>(starts[i]);
    const std::int64_t length = static_cast<std::int64_t>(starts[i + 1]) - start;
    if (length == 0) continue;
    const auto segment = static_cast<std::int64_t>(segments_.size());
    for (std::int64_t block = 0; block * kAttentionBlock < length; ++block) {
      blocks_.push_back({segment, block});
    }
    segments_.push_back({start, length});
    padded_starts_.push_back(padded_rows_);
    padded_rows_ += round_up(length, kAttentionBlock);
    longest_ = std::max(longest_, length);
  }
  rows_ = static_cast<std::int64_t>(starts.back());
  std::stable_sort(blocks_.begin(), blocks_.end(),
                   [](const Block& a, const Block& b) { return a.block > b.block; });
  const std::int64_t packed = padded_rows_ * shape_.dimension * kernels_->packed_bytes;
  keys_.reserve(packed * shape_.kv_heads);
  values_.reserve(packed * shape_.kv_heads);
  const auto threads = static_cast<std::size_t>(thread_count());
  scores_.resize(threads);
  weights_.resize(threads);
  scratch_.resize(threads);
}

template <class T>
void FastAttention<T>::forward(const T* qkv, T* out, float* log_sums) {
  const std::int64_t row_bytes = shape_.dimension * kernels_->packed_bytes;
  const auto count = static_cast<std::int64_t>(segments_.size());
  const auto packed_at = [&](std::int64_t segment, std::int64_t kv_head) {
    return (kv_head * padded_rows_ + padded_starts_[static_cast<std::size_t>(segment)]) * row_bytes;
  };
  parallel_for(count * shape_.kv_heads, [&](std::int64_t task, std::int64_t) {
    const std::int64_t segment = task / shape_.kv_heads;
    const std::int64_t kv_head = task % shape_.kv_heads;
    const std::int64_t at = packed_at(segment, kv_head);
    kernels_->attention_pack(shape_, segments_[static_cast<std::size_t>(segment)], kv_head, qkv,
                             keys_.data() + at, values_.data() + at);
  });
  const std::int64_t area = kAttentionBlock * round_up(longest_, kAttentionBlock);
  for (auto& buffer : scores_) buffer.reserve(area);
  for (auto& buffer : weights_) buffer.reserve(area);
  const auto blocks = static_cast<std::int64_t>(blocks_.size());
  parallel_for(blocks * shape_.heads, [&](std::int64_t task, std::int64_t thread) {
    const Block& block = blocks_[static_cast<std::size_t>(task / shape_.heads)];
    const std::int64_t head = task % shape_.heads;
    const std::int64_t at = packed_at(block.segment, head / (shape_.heads / shape_.kv_heads));
    kernels_->attention_forward(shape_, segments_[static_cast<std::size_t>(block.segment)], head,
                                block.block, qkv, keys_.data() + at, values_.data() + at,
                                scores_[static_cast<std::size_t>(thread)].data(),
                                weights_[static_cast<std::size_t>(thread)].data(), out, log_sums);
  });
}

template <class T>
void FastAttention<T>::backward(const T* qkv, const T* out, const T* dout, const float* log_sums,
                                T* dqkv) {
  const std::int64_t head_floats = rows_ * 2 * shape_.dimension;
  dkv_.reserve(head_floats * shape_.heads);
  const std::int64_t bytes = kernels_->attention_scratch_bytes(shape_, longest_);
  for (auto& buffer : scratch_) buffer.reserve(bytes);
  const auto count = static_cast<std::int64_t>(segments_.size());
  parallel_for(count * shape_.heads, [&](std::int64_t task, std::int64_t thread) {
    const std::int64_t head = task % shape_.heads;
    kernels_->attention_backward(shape_, segments_[static_cast<std::size_t>(task / shape_.heads)],
                                 head, qkv, out, dout, log_sums,
                                 scratch_[static_cast<std::size_t>(thread)].data(), dqkv,
                                 dkv_.data() + head * head_floats);
  });
  parallel_ranges(rows_, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_->attention_reduce(shape_, dkv_.data(), rows_, begin, end - begin, dqkv);
  });
}

template class FastAttention<float>;
template class FastAttention<Bf16>;

}  // namespace residency::train
