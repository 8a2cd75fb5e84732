#include "train/fast_block.h"

#include <algorithm>

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
  RESIDENCY_TRY(block.qkv_, linear({name("attn_q"), name("attn_k"), name("attn_v")}));
  RESIDENCY_TRY(block.out_, linear({name("attn_output")}));
  RESIDENCY_TRY(block.gate_up_, linear({name("ffn_gate"), name("ffn_up")}));
  RESIDENCY_TRY(block.down_, linear({name("ffn_down")}));
  return block;
}

template <class T>
void FastBlock<T>::set_adapter(std::span<const float> values) {
  for (AdaptedLinear<T>* linear : {&qkv_, &out_, &gate_up_, &down_}) linear->set_adapter(values);
}

template <class T>
Result<void> FastBlock<T>::set_weights(std::span<const float> values, AlignedBuffer<T>& scratch) {
  if (norm1_offset_ < 0) return {};
  std::copy_n(values.begin() + norm1_offset_, width_, norm1_.begin());
  std::copy_n(values.begin() + norm2_offset_, width_, norm2_.begin());
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
    kernels_->rotate(qkv + begin * shape.stride, shape.stride, end - begin,
                     shape.heads + shape.kv_heads, shape.dimension, stream.positions + begin,
                     rotary.cosines.data(), rotary.sines.data(), direction);
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
  rotate(memory.qkv.data(), rotary, 1, attention.shape(), stream);
  {
    const Stopwatch watch(stream.seconds.attention);
    attention.forward(memory.qkv.data(), memory.attended.data(), memory.log_sums.data());
  }
  RESIDENCY_TRY_VOID(
      out_.forward(memory.attended.data(), rows, stream.y.data(), memory.u_out.data(), gemm));
  norm(true, norm2_, stream, memory.normal2.data(), input, memory.inverse2.data());
  // Backward has the rounded normal only: both compute the same bits from it.
  if (recomputes_) norm_scale(memory.normal2.data(), norm2_, stream, input);
  T* gates = gate_up(stream, memory).data();
  RESIDENCY_TRY_VOID(gate_up_.forward(input, rows, gates, memory.u_gate_up.data(), gemm));
  T* hidden = stream.wide1.data();
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_->swiglu(gates + begin * 2 * feed_forward_, end - begin, feed_forward_,
                     hidden + begin * feed_forward_);
  });
  return down_.forward(hidden, rows, stream.y.data(), memory.u_down.data(), gemm);
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
    kernels_->swiglu_backward(dhidden + at, gates + 2 * at, end - begin, feed_forward_,
                              dgate_up + 2 * at, hidden + at);
  });
  RESIDENCY_TRY_VOID(down_.backward_weights(dy, hidden, memory.u_down.data(), rows, gradient));
  RESIDENCY_TRY_VOID(gate_up_.backward_input(dgate_up, rows, stream.narrow1.data(), gemm));
  RESIDENCY_TRY_VOID(
      gate_up_.backward_weights(dgate_up, input, memory.u_gate_up.data(), rows, gradient));
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
  RESIDENCY_TRY_VOID(
      out_.backward_weights(dy, memory.attended.data(), memory.u_out.data(), rows, gradient));
  {
    const Stopwatch watch(stream.seconds.attention);
    attention.backward(memory.qkv.data(), memory.attended.data(), dattended, memory.log_sums.data(),
                       dqkv);
  }
  rotate(dqkv, rotary, -1, attention.shape(), stream);
  T* dinput = lowest ? nullptr : stream.narrow1.data();
  RESIDENCY_TRY_VOID(qkv_.backward_input(dqkv, rows, dinput, gemm));
  norm_scale(memory.normal1.data(), norm1_, stream, stream.narrow2.data());
  RESIDENCY_TRY_VOID(
      qkv_.backward_weights(dqkv, stream.narrow2.data(), memory.u_qkv.data(), rows, gradient));
  if (lowest) return {};
  if (norm1_offset_ >= 0)
    add_norm_gradient(dinput, memory.normal1.data(), rows, width_, gradient.data() + norm1_offset_);
  norm_backward(dinput, memory.normal1.data(), norm1_, memory.inverse1.data(), stream);
  return {};
}

template class FastBlock<float>;
template class FastBlock<Bf16>;

}  // namespace residency::train
