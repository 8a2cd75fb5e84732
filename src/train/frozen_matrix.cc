#include "train/frozen_matrix.h"

#include <dnnl.hpp>
#include <map>
#include <string>
#include <utility>

#include "train/aligned_buffer.h"

namespace residency::train {
namespace {

using dnnl::memory;

template <class T>
constexpr memory::data_type kDataType = sizeof(T) == 2 ? memory::data_type::bf16
                                                       : memory::data_type::f32;

enum class Output : std::uint8_t { kRounded, kRoundedSum, kWide };

constexpr std::int64_t kUsualRows = 512;  // the packing is chosen for a product of so many rows

}  // namespace

template <class T>
struct FrozenMatrix<T>::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::int64_t k = 0;
  std::int64_t n = 0;
  AlignedBuffer<std::byte> storage;  // what `weights` points to
  memory weights;
  std::map<std::pair<std::int64_t, Output>, dnnl::matmul> products;  // by rows

  memory::desc rows_of(std::int64_t rows, std::int64_t columns, Output output) const {
    return memory::desc({rows, columns},
                        output == Output::kWide ? memory::data_type::f32 : kDataType<T>,
                        memory::dims{columns, 1});
  }

  dnnl::matmul::primitive_desc plan(std::int64_t rows, Output output,
                                    const memory::desc& packed) const {
    dnnl::primitive_attr attributes;
    if (output == Output::kRoundedSum) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    return {
        dnnl::matmul::desc(rows_of(rows, k, Output::kRounded), packed, rows_of(rows, n, output)),
        attributes, engine};
  }

  Result<void> multiply(const T* x, std::int64_t rows, void* out, Output output) {
    rows = round_up(rows, kRowBlock);
    try {
      auto found = products.find({rows, output});
      if (found == products.end()) {
        const auto planned = plan(rows, output, weights.get_desc());
        found = products.emplace(std::pair{rows, output}, dnnl::matmul(planned)).first;
      }
      const memory from(rows_of(rows, k, Output::kRounded), engine, const_cast<T*>(x));
      const memory to(rows_of(rows, n, output), engine, out);
      found->second.execute(
          stream, {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, to}});
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
    const memory::desc layout = impl.plan(kUsualRows, Output::kRounded, any).weights_desc();
    impl.storage.reserve(static_cast<std::int64_t>(layout.get_size()));
    impl.weights = memory(layout, impl.engine, impl.storage.data());
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
Result<void> FrozenMatrix<T>::refill(const T* source, std::int64_t k_stride,
                                     std::int64_t n_stride) {
  try {
    memory plain(memory::desc({impl_->k, impl_->n}, kDataType<T>, memory::dims{k_stride, n_stride}),
                 impl_->engine, const_cast<T*>(source));
    dnnl::reorder(plain, impl_->weights).execute(impl_->stream, plain, impl_->weights);
    impl_->stream.wait();
  } catch (const std::exception& failure) {
    return internal_error(std::string("oneDNN refused a matrix: ") + failure.what());
  }
  return {};
}

template <class T>
Result<void> FrozenMatrix<T>::multiply(const T* x, std::int64_t rows, T* out, bool adds) {
  return impl_->multiply(x, rows, out, adds ? Output::kRoundedSum : Output::kRounded);
}

template <class T>
Result<void> FrozenMatrix<T>::multiply_wide(const T* x, std::int64_t rows, float* out) {
  return impl_->multiply(x, rows, out, Output::kWide);
}

template <class T>
std::int64_t FrozenMatrix<T>::bytes() const {
  return impl_ == nullptr ? 0 : static_cast<std::int64_t>(impl_->weights.get_desc().get_size());
}

template class FrozenMatrix<float>;
template class FrozenMatrix<Bf16>;

}  // namespace residency::train
