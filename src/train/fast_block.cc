#include "train/fast_block.h"

#include <algorithm>
#include <tuple>

#include "train/parallel.h"
#include "train/stopwatch.h"

namespace residency::train {
namespace {

constexpr std::int64_t kRowGrain = 32;

}  // namespace

template <class T>
Result<FastBlock<T>> FastBlock<T>::create(const FrozenStore<T>& store,
                                          const model::LlamaConfig& config,
                                          const AdapterLayout& layout, std::int64_t layer,
                                          Recompute recompute) {
  const auto name = [&](std::string_view part) { return model::block_tensor(layer, part); };
  FastBlock block;
  block.kernels_ = &store.kernels();
  block.width_ = config.embedding;
  block.heads_ = config.heads;
  block.feed_forward_ = config.feed_forward;
  block.epsilon_ = static_cast<float>(config.rms_epsilon);
  block.recomputes_ = recompute == Recompute::kFeedForward;
  RESIDENCY_TRY(block.norm1_, base_tensor(store.file(), name("attn_norm")));
  RESIDENCY_TRY(block.norm2_, base_tensor(store.file(), name("ffn_norm")));
  if (const DensePlace* place = layout.find_dense(name("attn_norm")))
    block.norm1_offset_ = place->offset;
  if (const DensePlace* place = layout.find_dense(name("ffn_norm")))
    block.norm2_offset_ = place->offset;
  const auto linear = [&](const std::vector<std::string>& tensors) {
    return AdaptedLinear<T>::create(store, layout, tensors);
  };
  if (config.fused) {
    // The same rows as one matrix: q, k and v; gate and up.
    RESIDENCY_TRY(block.qkv_, linear({name("attn_qkv")}));
    RESIDENCY_TRY(block.gate_up_, linear({name("ffn_up")}));
  } else {
    RESIDENCY_TRY(block.qkv_, linear({name("attn_q"), name("attn_k"), name("attn_v")}));
    RESIDENCY_TRY(block.gate_up_, linear({name("ffn_gate"), name("ffn_up")}));
  }
  RESIDENCY_TRY(block.out_, linear({name("attn_output")}));
  RESIDENCY_TRY(block.down_, linear({name("ffn_down")}));
  const bool gelu = config.gate == model::GateFunction::kGelu;
  block.gate_ = gelu ? block.kernels_->geglu : block.kernels_->swiglu;
  block.gate_backward_ = gelu ? block.kernels_->geglu_backward : block.kernels_->swiglu_backward;
  RESIDENCY_TRY_VOID(block.load_qkv(store, config, layout, layer));
  return block;
}

template <class T>
Result<void> FastBlock<T>::load_qkv(const FrozenStore<T>& store, const model::LlamaConfig& config,
                                    const AdapterLayout& layout, std::int64_t layer) {
  halves_ = config.rotary_pairs == model::RotaryPairs::kHalves;
  const auto offset_of = [&](const std::string& name) {
    const DensePlace* place = layout.find_dense(name);
    return place == nullptr ? std::int64_t{-1} : place->offset;
  };
  if (config.qkv_bias) {
    bias_.reserve(qkv_.out());
    std::int64_t at = 0;
    for (int i = 0; i < 3; ++i) {
      constexpr const char* kParts[] = {"attn_q", "attn_k", "attn_v"};
      const std::string name = model::block_bias(layer, kParts[i]);
      RESIDENCY_TRY(const auto values, base_tensor(store.file(), name));
      bias_sizes_[i] = static_cast<std::int64_t>(values.size());
      if (at + bias_sizes_[i] > qkv_.out())
        return invalid_input("a bias is longer than its projection: " + name);
      std::copy(values.begin(), values.end(), bias_.data() + at);
      bias_offsets_[i] = offset_of(name);
      at += bias_sizes_[i];
    }
  }
  if (config.qk_norm) {
    const std::string q = model::block_tensor(layer, "attn_q_norm");
    const std::string k = model::block_tensor(layer, "attn_k_norm");
    RESIDENCY_TRY(q_norm_, base_tensor(store.file(), q));
    RESIDENCY_TRY(k_norm_, base_tensor(store.file(), k));
    q_norm_offset_ = offset_of(q);
    k_norm_offset_ = offset_of(k);
  }
  return {};
}

template <class T>
void FastBlock<T>::set_adapter(std::span<const float> values) {
  for (AdaptedLinear<T>* linear : {&qkv_, &out_, &gate_up_, &down_}) linear->set_adapter(values);
}

template <class T>
Result<void> FastBlock<T>::set_stretches(std::span<const float> values) {
  for (AdaptedLinear<T>* linear : {&qkv_, &out_, &gate_up_, &down_}) {
    RESIDENCY_TRY_VOID(linear->set_stretches(values));
  }
  return {};
}

template <class T>
Result<void> FastBlock<T>::set_weights(std::span<const float> values, AlignedBuffer<T>& scratch) {
  if (norm1_offset_ < 0) return {};
  std::copy_n(values.begin() + norm1_offset_, width_, norm1_.begin());
  std::copy_n(values.begin() + norm2_offset_, width_, norm2_.begin());
  for (std::int64_t i = 0, at = 0; i < 3; at += bias_sizes_[i++])
    std::copy_n(values.begin() + std::max<std::int64_t>(0, bias_offsets_[i]), bias_sizes_[i],
                bias_.data() + at);
  if (q_norm_offset_ >= 0) {
    std::copy_n(values.begin() + q_norm_offset_, q_norm_.size(), q_norm_.begin());
    std::copy_n(values.begin() + k_norm_offset_, k_norm_.size(), k_norm_.begin());
  }
  for (AdaptedLinear<T>* linear : {&qkv_, &out_, &gate_up_, &down_})
    RESIDENCY_TRY_VOID(linear->set_weights(values, scratch));
  return {};
}

template <class T>
void FastBlock<T>::reserve(std::int64_t rows, BlockMemory<T>& memory,
                           StreamMemory<T>& stream) const {
  const std::int64_t padded = round_up(rows, kRowBlock);
  memory.normal1.reserve(padded * width_);
  memory.qkv.reserve(padded * qkv_.out());
  memory.attended.reserve(padded * out_.in());
  memory.normal2.reserve(padded * width_);
  gate_up(stream, memory).reserve(padded * gate_up_.out());
  memory.u_qkv.reserve(padded * qkv_.inner());
  memory.u_out.reserve(padded * out_.inner());
  memory.u_gate_up.reserve(padded * gate_up_.inner());
  memory.u_down.reserve(padded * down_.inner());
  if (!q_norm_.empty()) {
    const auto n = static_cast<std::int64_t>(q_norm_.size());
    const std::int64_t heads = heads_ + (qkv_.out() / n - heads_) / 2;
    memory.normal_heads.reserve(padded * heads * n);
    memory.inverse_heads.reserve(padded * heads);
  }
  if (out_.is_dora()) memory.projected.reserve(padded * width_);
  if (down_.is_dora()) memory.fed.reserve(padded * width_);
  memory.inverse1.reserve(padded);
  memory.inverse2.reserve(padded);
  memory.log_sums.reserve(padded * heads_);
}

template <class T>
void FastBlock<T>::norm(bool adds, const std::vector<float>& weight, StreamMemory<T>& stream,
                        T* normal, T* out, float* inverse) {
  const std::int64_t n = width_;
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    const T* y = adds ? stream.y.data() + begin * n : nullptr;
    kernels_->norm(stream.x.data() + begin * n, y, weight.data(), end - begin, n, epsilon_,
                   normal + begin * n, out + begin * n, inverse + begin);
  });
}

template <class T>
void FastBlock<T>::norm_backward(const T* dout, const T* normal, const std::vector<float>& weight,
                                 const float* inverse, StreamMemory<T>& stream) {
  const std::int64_t n = width_;
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_->norm_backward(dout + begin * n, normal + begin * n, weight.data(), inverse + begin,
                            end - begin, n, stream.dx.data() + begin * n,
                            stream.dx_rounded.data() + begin * n);
  });
}

template <class T>
void FastBlock<T>::norm_scale(const T* normal, const std::vector<float>& weight,
                              StreamMemory<T>& stream, T* out) {
  const std::int64_t n = width_;
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_->norm_scale(normal + begin * n, weight.data(), end - begin, n, out + begin * n);
  });
}

template <class T>
void FastBlock<T>::rotate(T* qkv, const RotaryTable& rotary, float direction,
                          const AttentionShape& shape, StreamMemory<T>& stream) {
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    const auto turn = halves_ ? kernels_->rotate_halves : kernels_->rotate;
    turn(qkv + begin * shape.stride, shape.stride, end - begin, shape.heads + shape.kv_heads,
         shape.dimension, stream.positions + begin, rotary.cosines.data(), rotary.sines.data(),
         direction);
  });
}

// Normals and inverses of q's heads stand before those of k's, all rows of each together.

template <class T>
void FastBlock<T>::finish_qkv(const AttentionShape& shape, StreamMemory<T>& stream,
                              BlockMemory<T>& memory) {
  if (bias_.size() == 0 && q_norm_.empty()) return;
  const std::int64_t n = shape.dimension;
  const std::int64_t q_heads = shape.heads;
  const std::int64_t k_heads = shape.kv_heads;
  T* k_normal = memory.normal_heads.data() + stream.rows * q_heads * n;
  float* k_inverse = memory.inverse_heads.data() + stream.rows * q_heads;
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    T* some = memory.qkv.data() + begin * shape.stride;
    if (bias_.size() > 0)
      kernels_->add_columns(some, shape.stride, bias_.data(), end - begin, shape.stride);
    if (q_norm_.empty()) return;
    kernels_->head_norm(some, shape.stride, end - begin, q_heads, n, q_norm_.data(), epsilon_,
                        memory.normal_heads.data() + begin * q_heads * n,
                        memory.inverse_heads.data() + begin * q_heads);
    kernels_->head_norm(some + q_heads * n, shape.stride, end - begin, k_heads, n, k_norm_.data(),
                        epsilon_, k_normal + begin * k_heads * n, k_inverse + begin * k_heads);
  });
}

template <class T>
void FastBlock<T>::finish_qkv_backward(T* dqkv, const AttentionShape& shape,
                                       StreamMemory<T>& stream, BlockMemory<T>& memory,
                                       std::span<float> gradient) {
  const std::int64_t n = shape.dimension;
  const std::int64_t rows = stream.rows;
  std::int64_t head = 0;
  for (const auto& [weight, offset, heads] :
       {std::tuple(&q_norm_, q_norm_offset_, shape.heads),
        std::tuple(&k_norm_, k_norm_offset_, shape.kv_heads)}) {
    if (weight->empty()) break;
    const T* normal = memory.normal_heads.data() + rows * head * n;
    const float* inverse = memory.inverse_heads.data() + rows * head;
    T* dx = dqkv + head * n;
    if (offset >= 0) {
      for (std::int64_t i = 0; i < heads; ++i) {
        kernels_->column_products(dx + i * n, shape.stride, normal + i * n, heads * n, rows, n,
                                  gradient.data() + offset);
      }
    }
    parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels_->head_norm_backward(dx + begin * shape.stride, shape.stride, end - begin, heads, n,
                                   weight->data(), normal + begin * heads * n,
                                   inverse + begin * heads);
    });
    head += heads;
  }
  for (std::int64_t i = 0, at = 0; i < 3; at += bias_sizes_[i++]) {
    if (bias_offsets_[i] >= 0)
      kernels_->column_sums(dqkv + at, shape.stride, rows, bias_sizes_[i],
                            gradient.data() + bias_offsets_[i]);
  }
}

/// The projection's own output again, which DoRA's magnitudes stretch.
template <class T>
void FastBlock<T>::restore_qkv(const RotaryTable& rotary, const AttentionShape& shape,
                               StreamMemory<T>& stream, BlockMemory<T>& memory) {
  rotate(memory.qkv.data(), rotary, -1, shape, stream);
  const std::int64_t n = shape.dimension;
  const std::int64_t heads = shape.heads + shape.kv_heads;
  parallel_ranges(stream.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      T* at = memory.qkv.data() + row * shape.stride;
      for (std::int64_t head = 0; !q_norm_.empty() && head < heads; ++head) {
        const bool q = head < shape.heads;
        const std::int64_t own = q ? shape.heads : shape.kv_heads;
        const std::int64_t before = q ? 0 : stream.rows * shape.heads;
        const std::int64_t place = before + row * own + (q ? head : head - shape.heads);
        float stretch[kLanes];
        std::fill_n(stretch, kLanes, 1.0f / memory.inverse_heads.data()[place]);
        for (std::int64_t i = 0; i < n; i += kLanes)
          kernels_->scale_columns(memory.normal_heads.data() + place * n + i, n, stretch, 1, kLanes,
                                  at + head * n + i, n);
      }
      if (bias_.size() == 0) continue;
      for (std::int64_t i = 0; i < shape.stride; ++i) {
        const float value = widen(at[i]) - bias_.data()[i];
        if constexpr (sizeof(T) == sizeof(float)) {
          at[i] = value;
        } else {
          at[i] = round_bf16(value);
        }
      }
    }
  });
}

template <class T>
Result<void> FastBlock<T>::forward(FastAttention<T>& attention, const RotaryTable& rotary,
                                   bool adds, StreamMemory<T>& stream, BlockMemory<T>& memory) {
  const std::int64_t rows = stream.rows;
  double& gemm = stream.seconds.gemm;
  T* input = stream.narrow1.data();
  norm(adds, norm1_, stream, memory.normal1.data(), input, memory.inverse1.data());
  RESIDENCY_TRY_VOID(qkv_.forward(input, rows, memory.qkv.data(), memory.u_qkv.data(), gemm));
  finish_qkv(attention.shape(), stream, memory);
  rotate(memory.qkv.data(), rotary, 1, attention.shape(), stream);
  {
    const Stopwatch watch(stream.seconds.attention);
    attention.forward(memory.qkv.data(), memory.attended.data(), memory.log_sums.data());
  }
  RESIDENCY_TRY_VOID(
      out_.forward(memory.attended.data(), rows, stream.y.data(), memory.u_out.data(), gemm));
  if (out_.is_dora()) std::copy_n(stream.y.data(), rows * width_, memory.projected.data());
  norm(true, norm2_, stream, memory.normal2.data(), input, memory.inverse2.data());
  // Backward has the rounded normal only: both compute the same bits from it.
  if (recomputes_) norm_scale(memory.normal2.data(), norm2_, stream, input);
  T* gates = gate_up(stream, memory).data();
  RESIDENCY_TRY_VOID(gate_up_.forward(input, rows, gates, memory.u_gate_up.data(), gemm));
  T* hidden = stream.wide1.data();
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    gate_(gates + begin * 2 * feed_forward_, end - begin, feed_forward_,
          hidden + begin * feed_forward_);
  });
  RESIDENCY_TRY_VOID(down_.forward(hidden, rows, stream.y.data(), memory.u_down.data(), gemm));
  if (down_.is_dora()) std::copy_n(stream.y.data(), rows * width_, memory.fed.data());
  return {};
}

template <class T>
Result<void> FastBlock<T>::feed_forward_backward(StreamMemory<T>& stream, BlockMemory<T>& memory,
                                                 std::span<float> gradient) {
  const std::int64_t rows = stream.rows;
  double& gemm = stream.seconds.gemm;
  const T* dy = stream.dx_rounded.data();
  T* dhidden = stream.wide1.data();
  T* hidden = stream.wide2.data();
  T* dgate_up = stream.wide3.data();
  T* input = stream.narrow2.data();
  T* gates = gate_up(stream, memory).data();
  norm_scale(memory.normal2.data(), norm2_, stream, input);
  if (recomputes_) {
    RESIDENCY_TRY_VOID(gate_up_.forward(input, rows, gates, memory.u_gate_up.data(), gemm));
  }
  RESIDENCY_TRY_VOID(down_.backward_input(dy, rows, dhidden, gemm));
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * feed_forward_;
    gate_backward_(dhidden + at, gates + 2 * at, end - begin, feed_forward_, dgate_up + 2 * at,
                   hidden + at);
  });
  RESIDENCY_TRY_VOID(
      down_.backward_weights(dy, hidden, memory.u_down.data(), memory.fed.data(), rows, gradient));
  RESIDENCY_TRY_VOID(gate_up_.backward_input(dgate_up, rows, stream.narrow1.data(), gemm));
  RESIDENCY_TRY_VOID(
      gate_up_.backward_weights(dgate_up, input, memory.u_gate_up.data(), gates, rows, gradient));
  if (norm2_offset_ >= 0)
    add_norm_gradient(stream.narrow1.data(), memory.normal2.data(), rows, width_,
                      gradient.data() + norm2_offset_);
  norm_backward(stream.narrow1.data(), memory.normal2.data(), norm2_, memory.inverse2.data(),
                stream);
  return {};
}

template <class T>
Result<void> FastBlock<T>::backward(FastAttention<T>& attention, const RotaryTable& rotary,
                                    bool lowest, StreamMemory<T>& stream, BlockMemory<T>& memory,
                                    std::span<float> gradient) {
  RESIDENCY_TRY_VOID(feed_forward_backward(stream, memory, gradient));
  const std::int64_t rows = stream.rows;
  double& gemm = stream.seconds.gemm;
  const T* dy = stream.dx_rounded.data();
  T* dattended = stream.narrow1.data();
  T* dqkv = stream.wide1.data();
  RESIDENCY_TRY_VOID(out_.backward_input(dy, rows, dattended, gemm));
  RESIDENCY_TRY_VOID(out_.backward_weights(dy, memory.attended.data(), memory.u_out.data(),
                                           memory.projected.data(), rows, gradient));
  {
    const Stopwatch watch(stream.seconds.attention);
    attention.backward(memory.qkv.data(), memory.attended.data(), dattended, memory.log_sums.data(),
                       dqkv);
  }
  rotate(dqkv, rotary, -1, attention.shape(), stream);
  finish_qkv_backward(dqkv, attention.shape(), stream, memory, gradient);
  if (qkv_.is_dora()) restore_qkv(rotary, attention.shape(), stream, memory);
  T* dinput = lowest ? nullptr : stream.narrow1.data();
  RESIDENCY_TRY_VOID(qkv_.backward_input(dqkv, rows, dinput, gemm));
  norm_scale(memory.normal1.data(), norm1_, stream, stream.narrow2.data());
  RESIDENCY_TRY_VOID(qkv_.backward_weights(dqkv, stream.narrow2.data(), memory.u_qkv.data(),
                                           memory.qkv.data(), rows, gradient));
  if (lowest) return {};
  if (norm1_offset_ >= 0)
    add_norm_gradient(dinput, memory.normal1.data(), rows, width_, gradient.data() + norm1_offset_);
  norm_backward(dinput, memory.normal1.data(), norm1_, memory.inverse1.data(), stream);
  return {};
}

template class FastBlock<float>;
template class FastBlock<Bf16>;

}  // namespace residency::train
