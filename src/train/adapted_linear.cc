#include "train/adapted_linear.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "train/base_weights.h"
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
  linear.dense_gradient_ = DenseGradient<T>(&kernels);
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
      part.m_offset = place->m_offset;
      part.b_forward.reserve(part.rank_padded * place->out * bytes);
      part.b_backward.reserve(part.rank_padded * place->out * bytes);
      linear.inner_ += part.rank_padded;
      linear.parts_.push_back(std::move(part));
    }
    if (const DensePlace* place = layout.find_dense(name))
      linear.dense_.push_back({linear.out_, place->rows, place->offset});
    linear.out_ += tensor->shape[1];
  }
  if (layout.is_dora() && linear.inner_ > 0) {
    linear.stretches_.reserve(linear.out_);
    linear.inverse_magnitudes_.reserve(linear.out_);
    for (const std::string& name : tensors) {
      RESIDENCY_TRY(const auto squares, row_squares(store.file(), name));
      linear.row_squares_.insert(linear.row_squares_.end(), squares.begin(), squares.end());
    }
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
    std::vector<float> stretched;
    if (is_dora()) {
      stretched.assign(b, b + part.out * rank);
      for (std::int64_t i = 0; i < part.out * rank; ++i) {
        stretched[static_cast<std::size_t>(i)] *= stretches_.data()[part.out_at + i / rank];
      }
    }
    const float* forward_b = is_dora() ? stretched.data() : b;
    kernels_->pack(forward_b, 1, rank, rank, part.out, part.scale, part.b_forward.data(), part.out,
                   0);
    kernels_->pack(b, rank, 1, part.out, rank, part.scale, part.b_backward.data(), part.rank_padded,
                   0);
  }
}

// |W + s B A|^2 of a row = |W|^2 + 2 s B (A W^T) + s^2 B (A A^T) B^T: A goes through the frozen
// product as a few rows of x.
template <class T>
Result<void> AdaptedLinear<T>::set_stretches(std::span<const float> values) {
  if (!is_dora()) return {};
  const std::int64_t rows = round_up(inner_, kRowBlock);
  AlignedBuffer<T> a_rows(rows * in_);
  for (const Part& part : parts_) {
    kernels_->round(values.data() + part.a_offset, part.rank * in_,
                    a_rows.data() + part.u_at * in_);
  }
  scratch_->wide.reserve(rows * out_);
  RESIDENCY_TRY_VOID(frozen_->forward_wide(a_rows.data(), inner_, scratch_->wide.data()));
  std::fill_n(stretches_.data(), out_, 1.0f);
  for (const Part& part : parts_) {
    const std::int64_t rank = part.rank;
    const T* a = a_rows.data() + part.u_at * in_;
    std::vector<double> gram(static_cast<std::size_t>(rank * rank));
    parallel_ranges(rank, 1, [&](std::int64_t i, std::int64_t) {
      for (std::int64_t j = 0; j < rank; ++j) {
        float sum = 0;
        for (std::int64_t k = 0; k < in_; ++k) sum += widen(a[i * in_ + k]) * widen(a[j * in_ + k]);
        gram[static_cast<std::size_t>(i * rank + j)] = static_cast<double>(sum);
      }
    });
    const auto scale = static_cast<double>(part.scale);
    parallel_ranges(part.out, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) {
        const float* b = values.data() + part.b_offset + o * rank;
        const float* along = scratch_->wide.data() + part.u_at * out_ + part.out_at + o;
        double squares = row_squares_[static_cast<std::size_t>(part.out_at + o)];
        for (std::int64_t i = 0; i < rank; ++i) {
          double turned = 2 * static_cast<double>(along[i * out_]);
          for (std::int64_t j = 0; j < rank; ++j) {
            turned +=
                scale * static_cast<double>(b[j]) * gram[static_cast<std::size_t>(i * rank + j)];
          }
          squares += scale * static_cast<double>(b[i]) * turned;
        }
        const double magnitude =
            static_cast<double>(values[static_cast<std::size_t>(part.m_offset + o)]);
        const auto at = part.out_at + o;
        stretches_.data()[at] =
            squares > 0 ? static_cast<float>(magnitude / std::sqrt(squares)) : 1.0f;
        inverse_magnitudes_.data()[at] =
            squares > 0 && magnitude != 0 ? static_cast<float>(1 / magnitude) : 0.0f;
      }
    });
  }
  return {};
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
  if (!is_dora()) return frozen_->forward(x, rows, y, inner_ > 0);
  scratch_->wide.reserve(round_up(rows, kRowBlock) * out_);
  const float* wide = scratch_->wide.data();
  RESIDENCY_TRY_VOID(frozen_->forward_wide(x, rows, scratch_->wide.data()));
  parallel_ranges(round_up(rows, kRowBlock), kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_->combine(wide + begin * out_, out_, stretches_.data(), end - begin, out_, true,
                      y + begin * out_, out_);
  });
  return {};
}

template <class T>
Result<void> AdaptedLinear<T>::backward_input(const T* dy, std::int64_t rows, T* dx,
                                              double& gemm_s) {
  if (is_dora()) {
    scratch_->dz.reserve(round_up(rows, kRowBlock) * out_);
    T* dz = scratch_->dz.data();
    parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels_->scale_columns(dy + begin * out_, out_, stretches_.data(), end - begin, out_,
                              dz + begin * out_, out_);
    });
    dy = dz;
  }
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
void AdaptedLinear<T>::add_magnitude_gradient(const T* dy, const T* y, std::int64_t rows,
                                              std::span<float> gradient) {
  // Of y = stretch * z and stretch = magnitude / length: dy z / length = dy y / magnitude.
  parallel_ranges(out_, kColumnGrain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) float sums[kColumnGrain] = {};
    kernels_->column_products(dy + begin, out_, y + begin, out_, rows, end - begin, sums);
    for (const Part& part : parts_) {
      const std::int64_t first = std::max(begin, part.out_at);
      const std::int64_t last = std::min(end, part.out_at + part.out);
      for (std::int64_t at = first; at < last; ++at) {
        gradient[static_cast<std::size_t>(part.m_offset + at - part.out_at)] +=
            sums[at - begin] * inverse_magnitudes_.data()[at];
      }
    }
  });
}

template <class T>
Result<void> AdaptedLinear<T>::backward_weights(const T* dy, const T* x, const T* u, const T* y,
                                                std::int64_t rows, std::span<float> gradient) {
  for (const DensePart& part : dense_) {
    RESIDENCY_TRY_VOID(dense_gradient_.add(dy + part.out_at, out_, part.out, x, in_, rows,
                                           gradient.data() + part.offset));
  }
  if (inner_ == 0) return {};
  if (is_dora()) {
    add_magnitude_gradient(dy, y, rows, gradient);
    dy = scratch_->dz.data();
  }
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
