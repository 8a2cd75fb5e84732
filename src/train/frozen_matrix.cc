#include "train/frozen_matrix.h"

#include <dnnl.hpp>
#include <map>
#include <string>
#include <utility>

namespace residency::train {
namespace {

using dnnl::memory;

template <class T>
constexpr memory::data_type kDataType = sizeof(T) == 2 ? memory::data_type::bf16
                                                       : memory::data_type::f32;

constexpr std::int64_t kUsualRows = 512;  // the packing is chosen for a product of so many rows

}  // namespace

template <class T>
struct FrozenMatrix<T>::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::int64_t k = 0;
  std::int64_t n = 0;
  memory weights;
  std::map<std::pair<std::int64_t, bool>, dnnl::matmul> products;  // by rows, wide

  dnnl::matmul::primitive_desc plan(std::int64_t rows, bool wide, const memory::desc& packed) {
    const memory::desc x({rows, k}, kDataType<T>, memory::dims{k, 1});
    const memory::desc y({rows, n}, wide ? memory::data_type::f32 : kDataType<T>,
                         memory::dims{n, 1});
    return {dnnl::matmul::desc(x, packed, y), engine};
  }

  Result<void> multiply(const T* x, std::int64_t rows, void* out, bool wide) {
    rows = round_up(rows, kRowBlock);
    try {
      auto found = products.find({rows, wide});
      if (found == products.end()) {
        const auto planned = plan(rows, wide, weights.get_desc());
        found = products.emplace(std::pair{rows, wide}, dnnl::matmul(planned)).first;
      }
      const memory::desc from({rows, k}, kDataType<T>, memory::dims{k, 1});
      const memory::desc to({rows, n}, wide ? memory::data_type::f32 : kDataType<T>,
                            memory::dims{n, 1});
      found->second.execute(stream, {{DNNL_ARG_SRC, memory(from, engine, const_cast<T*>(x))},
                                     {DNNL_ARG_WEIGHTS, weights},
                                     {DNNL_ARG_DST, memory(to, engine, out)}});
      stream.wait();
    } catch (const std::exception& failure) {
      return internal_error(std::string("oneDNN refused a product: ") + failure.what());
    }
    return {};
  }
};

template <class T>
FrozenMatrix<T>::FrozenMatrix() = default;
template <class T>
FrozenMatrix<T>::~FrozenMatrix() = default;
template <class T>
FrozenMatrix<T>::FrozenMatrix(FrozenMatrix&&) noexcept = default;
template <class T>
FrozenMatrix<T>& FrozenMatrix<T>::operator=(FrozenMatrix&&) noexcept = default;

template <class T>
Result<FrozenMatrix<T>> FrozenMatrix<T>::create(const T* source, std::int64_t k, std::int64_t n,
                                                std::int64_t k_stride, std::int64_t n_stride) {
  FrozenMatrix matrix;
  try {
    matrix.impl_ = std::make_unique<Impl>();
    Impl& impl = *matrix.impl_;
    impl.k = k;
    impl.n = n;
    const memory::desc any({k, n}, kDataType<T>, memory::format_tag::any);
    impl.weights = memory(impl.plan(kUsualRows, false, any).weights_desc(), impl.engine);
    memory plain(memory::desc({k, n}, kDataType<T>, memory::dims{k_stride, n_stride}), impl.engine,
                 const_cast<T*>(source));
    dnnl::reorder(plain, impl.weights).execute(impl.stream, plain, impl.weights);
    impl.stream.wait();
  } catch (const std::exception& failure) {
    return internal_error(std::string("oneDNN refused a matrix: ") + failure.what());
  }
  return matrix;
}

template <class T>
Result<void> FrozenMatrix<T>::multiply(const T* x, std::int64_t rows, T* out) {
  return impl_->multiply(x, rows, out, false);
}

template <class T>
Result<void> FrozenMatrix<T>::multiply_wide(const T* x, std::int64_t rows, float* out) {
  return impl_->multiply(x, rows, out, true);
}

template <class T>
std::int64_t FrozenMatrix<T>::bytes() const {
  return impl_ == nullptr ? 0 : static_cast<std::int64_t>(impl_->weights.get_desc().get_size());
}

template class FrozenMatrix<float>;
template class FrozenMatrix<Bf16>;

}  // namespace residency::train
