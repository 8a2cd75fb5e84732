// FastBlock: one transformer block's forward and backward, written out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "train/adapted_linear.h"
#include "train/aligned_buffer.h"
#include "train/base_weights.h"
#include "train/engine.h"
#include "train/fast_attention.h"
#include "train/train_options.h"

namespace residency::train {

/// What a block's backward needs of its forward.
template <class T>
struct BlockMemory {
  AlignedBuffer<T> normal1, qkv, attended, normal2;
  AlignedBuffer<T> gate_up;  // empty where it is recomputed
  AlignedBuffer<T> u_qkv, u_out, u_gate_up, u_down;
  AlignedBuffer<T> normal_heads;  // of q and k, where they are normed
  AlignedBuffer<float> inverse_heads;
  AlignedBuffer<T> projected, fed;  // DoRA: what attention's and the feed-forward's last give
  AlignedBuffer<float> inverse1, log_sums, inverse2;
};

/// What all blocks share: the residual stream, its gradient, and room for what lives only within a
/// block.
template <class T>
struct StreamMemory {
  std::int64_t rows = 0;
  const std::int32_t* positions = nullptr;
  AlignedBuffer<float> x, dx;
  AlignedBuffer<T> y;           // what the block before adds to x
  AlignedBuffer<T> dx_rounded;  // dx in T
  AlignedBuffer<T> wide1, wide2, wide3, narrow1, narrow2;
  AlignedBuffer<T> gate_up;  // of the block at work, where it is recomputed
  PartSeconds seconds;
};

template <class T>
class FastBlock {
 public:
  static Result<FastBlock> create(const FrozenStore<T>& store, const model::LlamaConfig& config,
                                  const AdapterLayout& layout, std::int64_t layer,
                                  Recompute recompute);

  void set_adapter(std::span<const float> values);
  /// DoRA: before set_adapter(), by one thread.
  Result<void> set_stretches(std::span<const float> values);
  /// Takes all of the block's weights, where the layout trains them. `scratch` may grow.
  Result<void> set_weights(std::span<const float> values, AlignedBuffer<T>& scratch);
  /// Makes room for `rows` in `memory`, and in `stream` for what is not kept.
  void reserve(std::int64_t rows, BlockMemory<T>& memory, StreamMemory<T>& stream) const;

  /// Takes stream.x and stream.y (added to x first where `adds` is true) and leaves the block's
  /// x and y.
  Result<void> forward(FastAttention<T>& attention, const RotaryTable& rotary, bool adds,
                       StreamMemory<T>& stream, BlockMemory<T>& memory);
  /// Takes stream.dx and dx_rounded as the gradient of the block's x + y and leaves that of its
  /// input, unless it is the lowest.
  Result<void> backward(FastAttention<T>& attention, const RotaryTable& rotary, bool lowest,
                        StreamMemory<T>& stream, BlockMemory<T>& memory, std::span<float> gradient);

 private:
  AlignedBuffer<T>& gate_up(StreamMemory<T>& stream, BlockMemory<T>& memory) const {
    return recomputes_ ? stream.gate_up : memory.gate_up;
  }
  Result<void> feed_forward_backward(StreamMemory<T>& stream, BlockMemory<T>& memory,
                                     std::span<float> gradient);
  Result<void> load_qkv(const FrozenStore<T>& store, const model::LlamaConfig& config,
                        const AdapterLayout& layout, std::int64_t layer);
  /// What lies between the projection and the rotation: bias, norms of heads.
  void finish_qkv(const AttentionShape& shape, StreamMemory<T>& stream, BlockMemory<T>& memory);
  void finish_qkv_backward(T* dqkv, const AttentionShape& shape, StreamMemory<T>& stream,
                           BlockMemory<T>& memory, std::span<float> gradient);
  void restore_qkv(const RotaryTable& rotary, const AttentionShape& shape, StreamMemory<T>& stream,
                   BlockMemory<T>& memory);
  void rotate(T* qkv, const RotaryTable& rotary, float direction, const AttentionShape& shape,
              StreamMemory<T>& stream);
  void norm(bool adds, const std::vector<float>& weight, StreamMemory<T>& stream, T* normal, T* out,
            float* inverse);
  void norm_backward(const T* dout, const T* normal, const std::vector<float>& weight,
                     const float* inverse, StreamMemory<T>& stream);
  void norm_scale(const T* normal, const std::vector<float>& weight, StreamMemory<T>& stream,
                  T* out);

  const KernelTable<T>* kernels_ = nullptr;
  std::int64_t width_ = 0;
  std::int64_t heads_ = 0;
  std::int64_t feed_forward_ = 0;
  float epsilon_ = 0;
  bool recomputes_ = false;
  std::vector<float> norm1_, norm2_;
  std::int64_t norm1_offset_ = -1;  // in the trained values; -1: not trained
  std::int64_t norm2_offset_ = -1;
  bool halves_ = false;  // rotary pairs are (i, i + n/2)
  void (*gate_)(const T*, std::int64_t, std::int64_t, T*) = nullptr;
  void (*gate_backward_)(const T*, const T*, std::int64_t, std::int64_t, T*, T*) = nullptr;
  AlignedBuffer<float> bias_;                    // of q, k and v; empty where there is none
  std::vector<float> q_norm_, k_norm_;           // of heads; empty where there are none
  std::int64_t bias_offsets_[3] = {-1, -1, -1};  // in the trained values, of q, k and v
  std::int64_t bias_sizes_[3] = {0, 0, 0};
  std::int64_t q_norm_offset_ = -1;
  std::int64_t k_norm_offset_ = -1;
  AdaptedLinear<T> qkv_, out_, gate_up_, down_;
};

}  // namespace residency::train
