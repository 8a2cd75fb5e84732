#include "train/tiled_weights.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>

#include "model/gguf_quant.h"
#include "train/parallel.h"

namespace residency::train {
namespace {

constexpr std::int64_t kTileRowsMin = 64;
constexpr std::int64_t kRowGrain = 16;
constexpr std::int64_t kValueGrain = 1 << 14;

}  // namespace

template <class T>
Result<std::unique_ptr<TiledWeights<T>>> TiledWeights<T>::create(
    const FrozenStore<T>& store, const std::vector<std::string>& tensors) {
  std::unique_ptr<TiledWeights> weights(new TiledWeights(store));
  for (const std::string& name : tensors) RESIDENCY_TRY_VOID(weights->add(store.file(), name));
  weights->out_ = round_up(weights->out_, kLanes);
  return weights;
}

template <class T>
Result<void> TiledWeights<T>::add(const model::GgufFile& file, const std::string& name) {
  const model::GgufTensor* tensor = file.find(name);
  if (tensor == nullptr || tensor->shape.size() != 2) {
    return invalid_input("the model lacks a matrix: " + name);
  }
  const model::QuantLayout* layout = model::quant_layout(tensor->type);
  if (layout == nullptr) {
    return invalid_input("the matrix is of a type that is not trained on as it is: " + name);
  }
  in_ = tensor->shape[0];
  Part part;
  part.type = tensor->type;
  part.row = out_;
  part.rows = tensor->shape[1];
  part.row_bytes = model::quant_bytes_of(*layout, in_);
  const auto bytes = file.data(*tensor);
  if (static_cast<std::int64_t>(bytes.size()) != part.rows * part.row_bytes) {
    return internal_error("a tensor is of another size than its shape's: " + name);
  }
  part.data.reserve(part.rows * part.row_bytes);
  std::memcpy(part.data.data(), bytes.data(), bytes.size());
  out_ += part.rows;
  parts_.push_back(std::move(part));
  if (!finite(parts_.back())) {
    return invalid_input("the model holds a value that is not finite: " + name);
  }
  return {};
}

template <class T>
bool TiledWeights<T>::finite(const Part& part) const {
  std::atomic<bool> all{true};
  parallel_ranges(part.rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> row(static_cast<std::size_t>(in_));
    for (std::int64_t i = begin; i < end; ++i) {
      kernels_.dequantise(part.type, part.data.data() + i * part.row_bytes, in_, row.data());
      if (!std::all_of(row.begin(), row.end(), [](T v) { return std::isfinite(widen(v)); })) {
        all.store(false, std::memory_order_relaxed);
      }
    }
  });
  return all.load();
}

template <class T>
std::int64_t TiledWeights<T>::tile_rows() const {
  return std::min(out_, std::max(kTileRowsMin, tile_values_ / in_ / kTileRowsMin * kTileRowsMin));
}

template <class T>
std::unique_ptr<TiledWeights<T>> TiledWeights<T>::of_plain(const FrozenStore<T>& store,
                                                           const T* plain, std::int64_t rows,
                                                           std::int64_t in) {
  std::unique_ptr<TiledWeights> weights(new TiledWeights(store));
  weights->in_ = in;
  weights->out_ = rows;
  Part part;
  part.type = sizeof(T) == 2 ? model::kTypeBf16 : model::kTypeF32;
  part.rows = rows;
  part.row_bytes = in * static_cast<std::int64_t>(sizeof(T));
  part.data.reserve(rows * part.row_bytes);
  std::memcpy(part.data.data(), plain, static_cast<std::size_t>(rows * part.row_bytes));
  weights->parts_.push_back(std::move(part));
  return weights;
}

template <class T>
Result<void> TiledWeights<T>::refill(const T* plain, std::int64_t in) {
  Part& part = parts_.front();
  if (parts_.size() != 1 || in != in_ || part.row_bytes != in * std::int64_t{sizeof(T)})
    return internal_error("weights of this form can't be trained");
  std::memcpy(part.data.data(), plain, static_cast<std::size_t>(part.rows * part.row_bytes));
  return {};
}

template <class T>
template <class U>
void TiledWeights<T>::rows_to(const KernelTable<U>& kernels, std::int64_t begin, std::int64_t end,
                              U* to) const {
  std::vector<T> narrow;
  for (const Part& part : parts_) {
    const std::int64_t first = std::max(begin, part.row);
    const std::int64_t last = std::min(end, part.row + part.rows);
    for (std::int64_t row = first; row < last; ++row) {
      const std::byte* from = part.data.data() + (row - part.row) * part.row_bytes;
      U* const wide = to + (row - begin) * in_;
      if constexpr (sizeof(U) > sizeof(T)) {
        if (part.type != model::kTypeBf16) {
          // Widened or not, the weights are those that T holds.
          narrow.resize(static_cast<std::size_t>(in_));
          kernels_.dequantise(part.type, from, in_, narrow.data());
          kernels_.widen(narrow.data(), in_, wide);
          continue;
        }
      }
      kernels.dequantise(part.type, from, in_, wide);
    }
  }
  const Part& last = parts_.back();
  const std::int64_t zeros = std::max(begin, last.row + last.rows);
  if (zeros < end) std::fill(to + (zeros - begin) * in_, to + (end - begin) * in_, U{});
}

template <class T>
template <class U>
const U* TiledWeights<T>::make_tile(const KernelTable<U>& kernels, TileProducts<U>& products,
                                    std::int64_t begin, std::int64_t end) {
  U* tile = products.tile(std::min(out_, tile_rows()) * in_);
  parallel_ranges(end - begin, kRowGrain, [&](std::int64_t first, std::int64_t last) {
    rows_to(kernels, begin + first, begin + last, tile + first * in_);
  });
  return tile;
}

template <class T>
Result<void> TiledWeights<T>::forward_tiles(const T* x, std::int64_t rows, std::byte* y, bool adds,
                                            bool wide) {
  rows = round_up(rows, kRowBlock);
  const auto size = static_cast<std::int64_t>(wide ? sizeof(float) : sizeof(T));
  const std::int64_t step = tile_rows();
  for (std::int64_t begin = 0; begin < out_; begin += step) {
    const std::int64_t n = std::min(step, out_ - begin);
    const TileShape shape{.rows = rows,
                          .k = in_,
                          .n = n,
                          .a_stride = in_,
                          .k_stride = 1,
                          .n_stride = in_,
                          .c_stride = out_,
                          .adds = adds,
                          .wide = wide};
    const T* tile = make_tile(kernels_, tiles_->products, begin, begin + n);
    RESIDENCY_TRY_VOID(tiles_->products.multiply(shape, x, tile, y + begin * size));
  }
  return {};
}

template <class T>
const float* TiledWeights<T>::widened(const T* x, std::int64_t rows, std::int64_t columns) {
  tiles_->wide_rows.reserve(rows * columns);
  float* to = tiles_->wide_rows.data();
  parallel_ranges(rows * columns, kValueGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_.widen(x + begin, end - begin, to + begin);
  });
  return to;
}

template <class T>
void TiledWeights<T>::round_sums(const float* sums, std::int64_t rows, std::int64_t n, bool adds,
                                 T* to, std::int64_t to_stride) {
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_.combine(sums + begin * n, n, nullptr, end - begin, n, adds, to + begin * to_stride,
                     to_stride);
  });
}

/// Into `y`, or into `y_wide` where it is given.
template <class T>
Result<void> TiledWeights<T>::forward_widened(const T* x, std::int64_t rows, T* y, float* y_wide,
                                              bool adds) {
  rows = round_up(rows, kRowBlock);
  TileProducts<float>& products = tiles_->wide_products;
  const float* wide_x = widened(x, rows, in_);
  const std::int64_t step = tile_rows();
  for (std::int64_t begin = 0; begin < out_; begin += step) {
    const std::int64_t n = std::min(step, out_ - begin);
    const TileShape shape{.rows = rows,
                          .k = in_,
                          .n = n,
                          .a_stride = in_,
                          .k_stride = 1,
                          .n_stride = in_,
                          .c_stride = y_wide != nullptr ? out_ : n,
                          .adds = false,
                          .wide = true};
    const float* tile = make_tile(*kernels_.wide, products, begin, begin + n);
    float* sums = y_wide != nullptr ? y_wide + begin : products.sums(rows * std::min(step, out_));
    RESIDENCY_TRY_VOID(products.multiply(shape, wide_x, tile, sums));
    if (y_wide == nullptr) round_sums(sums, rows, n, adds, y + begin, out_);
  }
  return {};
}

template <class T>
Result<void> TiledWeights<T>::backward_widened(const T* dy, std::int64_t rows, T* dx, bool adds) {
  rows = round_up(rows, kRowBlock);
  TileProducts<float>& products = tiles_->wide_products;
  const float* wide_dy = widened(dy, rows, out_);
  float* sums = products.sums(rows * in_);
  const std::int64_t step = tile_rows();
  for (std::int64_t begin = 0; begin < out_; begin += step) {
    const std::int64_t k = std::min(step, out_ - begin);
    const TileShape shape{.rows = rows,
                          .k = k,
                          .n = in_,
                          .a_stride = out_,
                          .k_stride = in_,
                          .n_stride = 1,
                          .c_stride = in_,
                          .adds = begin > 0,
                          .wide = true};
    const float* tile = make_tile(*kernels_.wide, products, begin, begin + k);
    RESIDENCY_TRY_VOID(products.multiply(shape, wide_dy + begin, tile, sums));
  }
  round_sums(sums, rows, in_, adds, dx, in_);
  return {};
}

template <class T>
Result<void> TiledWeights<T>::forward(const T* x, std::int64_t rows, T* y, bool adds) {
  if (widens_) return forward_widened(x, rows, y, nullptr, adds);
  return forward_tiles(x, rows, reinterpret_cast<std::byte*>(y), adds, false);
}

template <class T>
Result<void> TiledWeights<T>::forward_wide(const T* x, std::int64_t rows, float* y) {
  if (widens_) return forward_widened(x, rows, nullptr, y, false);
  return forward_tiles(x, rows, reinterpret_cast<std::byte*>(y), false, true);
}

// dx is a sum over W's rows, so over tiles; it stays in fp32 until the last of them.
template <class T>
Result<void> TiledWeights<T>::backward(const T* dy, std::int64_t rows, T* dx, bool adds) {
  if (widens_) return backward_widened(dy, rows, dx, adds);
  rows = round_up(rows, kRowBlock);
  TileProducts<T>& products = tiles_->products;
  const std::int64_t step = tile_rows();
  TileShape shape{.rows = rows,
                  .k = out_,
                  .n = in_,
                  .a_stride = out_,
                  .k_stride = in_,
                  .n_stride = 1,
                  .c_stride = in_,
                  .adds = adds,
                  .wide = false};
  if (step >= out_) {
    return products.multiply(shape, dy, make_tile(kernels_, products, 0, out_), dx);
  }
  float* sums = products.sums(rows * in_);
  if (adds) {
    parallel_ranges(rows * in_, kValueGrain, [&](std::int64_t begin, std::int64_t end) {
      kernels_.widen(dx + begin, end - begin, sums + begin);
    });
  }
  shape.wide = true;
  for (std::int64_t begin = 0; begin < out_; begin += step) {
    shape.k = std::min(step, out_ - begin);
    shape.adds = adds || begin > 0;
    const T* tile = make_tile(kernels_, products, begin, begin + shape.k);
    RESIDENCY_TRY_VOID(products.multiply(shape, dy + begin, tile, sums));
  }
  round_sums(sums, rows, in_, false, dx, in_);
  return {};
}

template <class T>
std::int64_t TiledWeights<T>::bytes() const {
  std::int64_t sum = 0;
  for (const Part& part : parts_) sum += part.data.size();
  return sum;
}

std::string quantised_base_refusal(const model::GgufFile& file) {
  bool any = false;
  for (const model::GgufTensor& tensor : file.tensors()) {
    if (tensor.shape.size() != 2) continue;
    const model::QuantLayout* layout = model::quant_layout(tensor.type);
    if (layout == nullptr) return "a matrix is of another quantisation: " + tensor.name;
    any = any || (layout->quantised && tensor.name.starts_with("blk."));
  }
  return any ? "" : "none of its blocks' matrices is quantised";
}

template class TiledWeights<float>;
template class TiledWeights<Bf16>;

}  // namespace residency::train
