#include "train/adapted_linear.h"

#include <algorithm>
#include <utility>

#include "train/parallel.h"
#include "train/stopwatch.h"

namespace residency::train {
namespace {

constexpr std::int64_t kRowGrain = 64;
constexpr std::int64_t kColumnGrain = 64;

}  // namespace

template <class T>
Result<AdaptedLinear<T>> AdaptedLinear<T>::create(const FrozenStore<T>& store,
                                                  const AdapterLayout& layout,
                                                  const std::vector<std::string>& tensors) {
  AdaptedLinear linear;
  const KernelTable<T>& kernels = store.kernels();
  linear.kernels_ = &kernels;
  linear.scratch_ = store.adapter_scratch();
  const std::int64_t bytes = kernels.packed_bytes;
  for (const std::string& name : tensors) {
    const model::GgufTensor* tensor = store.file().find(name);
    if (tensor == nullptr || tensor->shape.size() != 2) {
      return invalid_input("the model lacks a matrix: " + name);
    }
    linear.in_ = tensor->shape[0];
    if (const AdapterPlace* place = layout.find(name)) {
      Part part;
      part.out_at = linear.out_;
      part.out = place->out;
      part.rank = place->rank;
      part.rank_padded = round_up(place->rank, kLanes);
      part.u_at = linear.inner_;
      part.scale = static_cast<float>(place->scale);
      part.a_offset = place->a_offset;
      part.b_offset = place->b_offset;
      part.b_forward.reserve(part.rank_padded * place->out * bytes);
      part.b_backward.reserve(part.rank_padded * place->out * bytes);
      linear.inner_ += part.rank_padded;
      linear.parts_.push_back(std::move(part));
    }
    if (const DensePlace* place = layout.find_dense(name))
      linear.dense_.push_back({linear.out_, place->rows, place->offset});
    linear.out_ += tensor->shape[1];
  }
  linear.all_adapted_ = linear.parts_.size() == tensors.size();
  linear.a_forward_.reserve(linear.in_ * linear.inner_ * bytes);
  linear.a_backward_.reserve(linear.in_ * linear.inner_ * bytes);
  RESIDENCY_TRY(linear.frozen_, store.take(tensors));
  return linear;
}

template <class T>
PackedOperand AdaptedLinear<T>::operand(const AlignedBuffer<std::byte>& buffer,
                                        std::int64_t columns) const {
  return {buffer.data(), columns, 0};
}

template <class T>
void AdaptedLinear<T>::set_adapter(std::span<const float> values) {
  const std::int64_t bytes = kernels_->packed_bytes;
  for (Part& part : parts_) {
    const float* a = values.data() + part.a_offset;
    const float* b = values.data() + part.b_offset;
    const std::int64_t rank = part.rank;
    kernels_->pack(a, 1, in_, in_, rank, 1.0f, a_forward_.data(), inner_, part.u_at);
    kernels_->pack(a, in_, 1, rank, in_, 1.0f, a_backward_.data() + part.u_at * in_ * bytes, in_,
                   0);
    kernels_->pack(b, 1, rank, rank, part.out, part.scale, part.b_forward.data(), part.out, 0);
    kernels_->pack(b, rank, 1, part.out, rank, part.scale, part.b_backward.data(), part.rank_padded,
                   0);
  }
}

template <class T>
Result<void> AdaptedLinear<T>::set_weights(std::span<const float> values,
                                           AlignedBuffer<T>& scratch) {
  if (dense_.empty()) return {};
  scratch.reserve(in_ * out_);
  T* narrow = scratch.data();
  for (const DensePart& part : dense_) {
    parallel_ranges(part.out, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels_->round(values.data() + part.offset + begin * in_, (end - begin) * in_,
                      narrow + (part.out_at + begin) * in_);
    });
  }
  return frozen_->refill(narrow, in_);
}

// The adapters' part is written first and the frozen product adds to it before rounding: added
// afterwards, a young adapter's part would be lost in the rounding of the larger sum.

template <class T>
Result<void> AdaptedLinear<T>::forward(const T* x, std::int64_t rows, T* y, T* u, double& gemm_s) {
  if (inner_ > 0) {
    parallel_ranges(round_up(rows, kRowBlock), kRowGrain,
                    [&](std::int64_t begin, std::int64_t end) {
                      const std::int64_t last = std::min(rows, end);
                      if (!all_adapted_ || last < end) {
                        std::fill(y + begin * out_, y + end * out_, T{});
                      }
                      T* some = u + begin * inner_;
                      kernels_->multiply(x + begin * in_, in_, last - begin, in_,
                                         operand(a_forward_, inner_), inner_, false, some, inner_);
                      for (const Part& part : parts_) {
                        kernels_->multiply(some + part.u_at, inner_, last - begin, part.rank_padded,
                                           operand(part.b_forward, part.out), part.out, false,
                                           y + begin * out_ + part.out_at, out_);
                      }
                    });
  }
  const Stopwatch watch(gemm_s);
  return frozen_->forward(x, rows, y, inner_ > 0);
}

template <class T>
Result<void> AdaptedLinear<T>::backward_input(const T* dy, std::int64_t rows, T* dx,
                                              double& gemm_s) {
  if (inner_ > 0) {
    scratch_->du.reserve(round_up(rows, kRowBlock) * inner_);
    parallel_ranges(
        round_up(rows, kRowBlock), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
          const std::int64_t last = std::min(rows, end);
          T* some = scratch_->du.data() + begin * inner_;
          for (const Part& part : parts_) {
            kernels_->multiply(dy + begin * out_ + part.out_at, out_, last - begin, part.out,
                               operand(part.b_backward, part.rank_padded), part.rank_padded, false,
                               some + part.u_at, inner_);
          }
          if (dx == nullptr) return;
          kernels_->multiply(some, inner_, last - begin, inner_, operand(a_backward_, in_), in_,
                             false, dx + begin * in_, in_);
          std::fill(dx + last * in_, dx + end * in_, T{});
        });
  }
  if (dx == nullptr) return {};
  const Stopwatch watch(gemm_s);
  return frozen_->backward(dy, rows, dx, inner_ > 0);
}

template <class T>
void AdaptedLinear<T>::transpose_inner(const T* from, std::int64_t rows, AlignedBuffer<T>& to) {
  const std::int64_t padded = round_up(rows, kAttentionBlock);
  to.reserve(padded * inner_);
  parallel_ranges(inner_, kLanes, [&](std::int64_t begin, std::int64_t end) {
    kernels_->transpose(from + begin, inner_, rows, end - begin, to.data() + begin * padded,
                        padded);
    for (std::int64_t i = begin; i < end; ++i) {
      std::fill(to.data() + i * padded + rows, to.data() + (i + 1) * padded, T{});
    }
  });
}

template <class T>
Result<void> AdaptedLinear<T>::backward_weights(const T* dy, const T* x, const T* u,
                                                std::int64_t rows, std::span<float> gradient) {
  for (const DensePart& part : dense_) {
    RESIDENCY_TRY_VOID(dense_gradient_.add(dy + part.out_at, out_, part.out, x, in_, rows,
                                           gradient.data() + part.offset));
  }
  if (inner_ == 0) return {};
  const std::int64_t padded = round_up(rows, kAttentionBlock);
  transpose_inner(u, rows, scratch_->u_turned);
  transpose_inner(scratch_->du.data(), rows, scratch_->du_turned);
  auto& by_thread = scratch_->by_thread;
  by_thread.resize(static_cast<std::size_t>(thread_count()));
  for (auto& scratch : by_thread) {
    scratch.reserve(kernels_->packed_bytes * kAttentionBlock * kColumnGrain);
  }
  const std::int64_t a_tasks = round_up(in_, kColumnGrain) / kColumnGrain;
  const auto count = static_cast<std::int64_t>(parts_.size());
  std::vector<std::pair<std::int64_t, std::int64_t>> b_tasks;  // part, first column
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t out = parts_[static_cast<std::size_t>(i)].out;
    for (std::int64_t column = 0; column < out; column += kColumnGrain) {
      b_tasks.emplace_back(i, column);
    }
  }
  const auto tasks = a_tasks + static_cast<std::int64_t>(b_tasks.size());
  parallel_for(tasks, [&](std::int64_t task, std::int64_t thread) {
    void* scratch = by_thread[static_cast<std::size_t>(thread)].data();
    if (task < a_tasks) {
      const std::int64_t column = task * kColumnGrain;
      const std::int64_t n = std::min(kColumnGrain, in_ - column);
      for (const Part& part : parts_) {
        kernels_->outer(scratch_->du_turned.data() + part.u_at * padded, padded, part.rank,
                        x + column, in_, rows, n, 1.0f, scratch,
                        gradient.data() + part.a_offset + column, in_, 1);
      }
      return;
    }
    const auto [i, column] = b_tasks[static_cast<std::size_t>(task - a_tasks)];
    const Part& part = parts_[static_cast<std::size_t>(i)];
    const std::int64_t n = std::min(kColumnGrain, part.out - column);
    kernels_->outer(scratch_->u_turned.data() + part.u_at * padded, padded, part.rank,
                    dy + part.out_at + column, out_, rows, n, part.scale, scratch,
                    gradient.data() + part.b_offset + column * part.rank, 1, part.rank);
  });
  return {};
}

template class AdaptedLinear<float>;
template class AdaptedLinear<Bf16>;

}  // namespace residency::train
