#include "train/tile_products.h"

#include <compare>
#include <dnnl.hpp>
#include <map>
#include <string>

namespace residency::train {

using dnnl::memory;

template <class T>
struct TileProducts<T>::Impl {
  static constexpr memory::data_type kType =
      sizeof(T) == 2 ? memory::data_type::bf16 : memory::data_type::f32;

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::map<TileShape, dnnl::matmul> products;
  AlignedBuffer<T> tile;
  AlignedBuffer<float> sums;

  static memory::desc rows_of(std::int64_t rows, std::int64_t columns, std::int64_t stride,
                              memory::data_type type) {
    return {{rows, columns}, type, memory::dims{stride, 1}};
  }

  static memory::desc a_of(const TileShape& s) { return rows_of(s.rows, s.k, s.a_stride, kType); }
  static memory::desc b_of(const TileShape& s) {
    return {{s.k, s.n}, kType, memory::dims{s.k_stride, s.n_stride}};
  }
  static memory::desc c_of(const TileShape& s) {
    return rows_of(s.rows, s.n, s.c_stride, s.wide ? memory::data_type::f32 : kType);
  }

  dnnl::matmul& product(const TileShape& shape) {
    const auto found = products.find(shape);
    if (found != products.end()) return found->second;
    dnnl::primitive_attr attributes;
    if (shape.adds) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc plan(
        dnnl::matmul::desc(a_of(shape), b_of(shape), c_of(shape)), attributes, engine);
    return products.emplace(shape, dnnl::matmul(plan)).first->second;
  }
};

template <class T>
TileProducts<T>::TileProducts() : impl_(std::make_unique<Impl>()) {}
template <class T>
TileProducts<T>::~TileProducts() = default;

template <class T>
T* TileProducts<T>::tile(std::int64_t values) {
  impl_->tile.reserve(values);
  return impl_->tile.data();
}

template <class T>
float* TileProducts<T>::sums(std::int64_t values) {
  impl_->sums.reserve(values);
  return impl_->sums.data();
}

template <class T>
Result<void> TileProducts<T>::multiply(const TileShape& shape, const T* a, const T* tile, void* c) {
  try {
    dnnl::matmul& product = impl_->product(shape);
    const memory from(Impl::a_of(shape), impl_->engine, const_cast<T*>(a));
    const memory weights(Impl::b_of(shape), impl_->engine, const_cast<T*>(tile));
    const memory to(Impl::c_of(shape), impl_->engine, c);
    product.execute(impl_->stream,
                    {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, to}});
    impl_->stream.wait();
  } catch (const std::exception& failure) {
    return internal_error(std::string("oneDNN refused a product: ") + failure.what());
  }
  return {};
}

template class TileProducts<float>;
template class TileProducts<Bf16>;

}  // namespace residency::train
