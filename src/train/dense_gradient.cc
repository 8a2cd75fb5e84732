#include "train/dense_gradient.h"

#include <algorithm>
#include <dnnl.hpp>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "train/bf16.h"
#include "train/frozen_matrix.h"
#include "train/parallel.h"

namespace residency::train {
namespace {

using dnnl::memory;

constexpr std::int64_t kColumnGrain = 64;
constexpr std::int64_t kRowGrain = 16;

template <class T>
constexpr memory::data_type kDataType = sizeof(T) == 2 ? memory::data_type::bf16
                                                       : memory::data_type::f32;

}  // namespace

template <class T>
struct DenseGradient<T>::Impl {
  using Shape = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::map<Shape, dnnl::matmul> products;
};

template <class T>
DenseGradient<T>::DenseGradient(const KernelTable<T>* kernels) : kernels_(kernels) {}
template <class T>
DenseGradient<T>::~DenseGradient() = default;
template <class T>
DenseGradient<T>::DenseGradient(DenseGradient&&) noexcept = default;
template <class T>
DenseGradient<T>& DenseGradient<T>::operator=(DenseGradient&&) noexcept = default;

template <class T>
Result<void> DenseGradient<T>::add(const T* dy, std::int64_t dy_stride, std::int64_t out,
                                   const T* x, std::int64_t in, std::int64_t rows,
                                   float* gradient) {
  if (sizeof(T) == 2 && kernels_ != nullptr && !kernels_->bf16_products) {
    return add_widened(dy, dy_stride, out, x, in, rows, gradient);
  }
  try {
    if (impl_ == nullptr) impl_ = std::make_unique<Impl>();
    const memory::desc turned({out, rows}, kDataType<T>, memory::dims{1, dy_stride});
    const memory::desc plain({rows, in}, kDataType<T>, memory::dims{in, 1});
    const memory::desc sum({out, in}, memory::data_type::f32, memory::dims{in, 1});
    const typename Impl::Shape shape{rows, out, in, dy_stride};
    auto found = impl_->products.find(shape);
    if (found == impl_->products.end()) {
      dnnl::post_ops adds;
      adds.append_sum(1.0f);
      dnnl::primitive_attr attributes;
      attributes.set_post_ops(adds);
      const dnnl::matmul::primitive_desc planned(dnnl::matmul::desc(turned, plain, sum), attributes,
                                                 impl_->engine);
      found = impl_->products.emplace(shape, dnnl::matmul(planned)).first;
    }
    const memory from(turned, impl_->engine, const_cast<T*>(dy));
    const memory with(plain, impl_->engine, const_cast<T*>(x));
    const memory to(sum, impl_->engine, gradient);
    found->second.execute(impl_->stream,
                          {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, with}, {DNNL_ARG_DST, to}});
    impl_->stream.wait();
  } catch (const std::exception& failure) {
    return internal_error(std::string("oneDNN refused a product: ") + failure.what());
  }
  return {};
}

template <class T>
Result<void> DenseGradient<T>::add_widened(const T* dy, std::int64_t dy_stride, std::int64_t out,
                                           const T* x, std::int64_t in, std::int64_t rows,
                                           float* gradient) {
  // Rows of dy may end short of a whole register: what lies behind them is another's or padding.
  const std::int64_t out_padded = std::min(round_up(out, kLanes), dy_stride);
  if (wide_ == nullptr) wide_ = std::make_unique<DenseGradient<float>>();
  wide_dy_.reserve(rows * out_padded);
  wide_x_.reserve(rows * in);
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      kernels_->widen(dy + row * dy_stride, out_padded, wide_dy_.data() + row * out_padded);
    }
    kernels_->widen(x + begin * in, (end - begin) * in, wide_x_.data() + begin * in);
  });
  return wide_->add(wide_dy_.data(), out_padded, out, wide_x_.data(), in, rows, gradient);
}

template <class T>
void add_norm_gradient(const T* dout, const T* normal, std::int64_t rows, std::int64_t n,
                       float* gradient) {
  parallel_ranges(n, kColumnGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const T* a = dout + row * n;
      const T* b = normal + row * n;
      for (std::int64_t i = begin; i < end; ++i) gradient[i] += widen(a[i]) * widen(b[i]);
    }
  });
}

template class DenseGradient<float>;
template class DenseGradient<Bf16>;
template void add_norm_gradient(const float*, const float*, std::int64_t, std::int64_t, float*);
template void add_norm_gradient(const Bf16*, const Bf16*, std::int64_t, std::int64_t, float*);

}  // namespace residency::train
