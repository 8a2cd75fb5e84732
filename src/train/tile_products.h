// TileProducts: products with a tile of weights that is made for one use and then overwritten.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "train/aligned_buffer.h"
#include "train/bf16.h"

namespace residency::train {

/// One product: c[rows, n] = a[rows, k] b[k, n], b[i][j] = tile[i * k_stride + j * n_stride].
struct TileShape {
  std::int64_t rows = 0;
  std::int64_t k = 0;
  std::int64_t n = 0;
  std::int64_t a_stride = 0;
  std::int64_t k_stride = 0;
  std::int64_t n_stride = 0;
  std::int64_t c_stride = 0;
  bool adds = false;  // what c held is added to the fp32 sums
  bool wide = false;  // c is in fp32, else in T

  auto operator<=>(const TileShape&) const = default;
};

/// The products, planned once for each shape, and the memory of the tile. Not thread-safe: a
/// product itself runs on all threads.
template <class T>
class TileProducts {
 public:
  TileProducts();
  ~TileProducts();
  TileProducts(const TileProducts&) = delete;
  TileProducts& operator=(const TileProducts&) = delete;

  /// Room for a tile, as zeros or what it held before.
  T* tile(std::int64_t values);
  /// Room for sums over several tiles.
  float* sums(std::int64_t values);

  /// `c` is T's or, where wide, floats. kInternal where oneDNN has no such product.
  Result<void> multiply(const TileShape& shape, const T* a, const T* tile, void* c);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What products on tiles of all weights share.
template <class T>
struct TileMemory {
  TileProducts<T> products;
  TileProducts<float> wide_products;
  AlignedBuffer<float> wide_rows;  // of x or dy, where products in T are widened
};

}  // namespace residency::train
