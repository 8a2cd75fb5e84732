#include "train/quantised_weights.h"

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
Result<std::unique_ptr<QuantisedWeights<T>>> QuantisedWeights<T>::create(
    const FrozenStore<T>& store, const std::vector<std::string>& tensors) {
  std::unique_ptr<QuantisedWeights> weights(new QuantisedWeights(store));
  for (const std::string& name : tensors) RESIDENCY_TRY_VOID(weights->add(store.file(), name));
  weights->out_ = round_up(weights->out_, kLanes);
  return weights;
}

template <class T>
Result<void> QuantisedWeights<T>::add(const model::GgufFile& file, const std::string& name) {
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
bool QuantisedWeights<T>::finite(const Part& part) const {
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
std::int64_t QuantisedWeights<T>::tile_rows() const {
  return std::min(out_, std::max(kTileRowsMin, tile_values_ / in_ / kTileRowsMin * kTileRowsMin));
}

template <class T>
void QuantisedWeights<T>::dequantise(std::int64_t begin, std::int64_t end, T* to) const {
  for (const Part& part : parts_) {
    const std::int64_t first = std::max(begin, part.row);
    const std::int64_t last = std::min(end, part.row + part.rows);
    for (std::int64_t row = first; row < last; ++row) {
      kernels_.dequantise(part.type, part.data.data() + (row - part.row) * part.row_bytes, in_,
                          to + (row - begin) * in_);
    }
  }
  const Part& last = parts_.back();
  const std::int64_t zeros = std::max(begin, last.row + last.rows);
  if (zeros < end) std::fill(to + (zeros - begin) * in_, to + (end - begin) * in_, T{});
}

template <class T>
const T* QuantisedWeights<T>::make_tile(std::int64_t begin, std::int64_t end) {
  T* tile = tiles_->tile(std::min(out_, tile_rows()) * in_);
  parallel_ranges(end - begin, kRowGrain, [&](std::int64_t first, std::int64_t last) {
    dequantise(begin + first, begin + last, tile + first * in_);
  });
  return tile;
}

template <class T>
Result<void> QuantisedWeights<T>::forward_tiles(const T* x, std::int64_t rows, std::byte* y,
                                                bool adds, bool wide) {
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
    const T* tile = make_tile(begin, begin + n);
    RESIDENCY_TRY_VOID(tiles_->multiply(shape, x, tile, y + begin * size));
  }
  return {};
}

template <class T>
Result<void> QuantisedWeights<T>::forward(const T* x, std::int64_t rows, T* y, bool adds) {
  return forward_tiles(x, rows, reinterpret_cast<std::byte*>(y), adds, false);
}

template <class T>
Result<void> QuantisedWeights<T>::forward_wide(const T* x, std::int64_t rows, float* y) {
  return forward_tiles(x, rows, reinterpret_cast<std::byte*>(y), false, true);
}

// dx is a sum over W's rows, so over tiles; it stays in fp32 until the last of them.
template <class T>
Result<void> QuantisedWeights<T>::backward(const T* dy, std::int64_t rows, T* dx, bool adds) {
  rows = round_up(rows, kRowBlock);
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
  if (step >= out_) return tiles_->multiply(shape, dy, make_tile(0, out_), dx);
  float* sums = tiles_->sums(rows * in_);
  if (adds) {
    parallel_ranges(rows * in_, kValueGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) sums[i] = widen(dx[i]);
    });
  }
  shape.wide = true;
  for (std::int64_t begin = 0; begin < out_; begin += step) {
    shape.k = std::min(step, out_ - begin);
    shape.adds = adds || begin > 0;
    RESIDENCY_TRY_VOID(
        tiles_->multiply(shape, dy + begin, make_tile(begin, begin + shape.k), sums));
  }
  parallel_ranges(rows * in_, kValueGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_.round(sums + begin, end - begin, dx + begin);
  });
  return {};
}

template <class T>
std::int64_t QuantisedWeights<T>::bytes() const {
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

template class QuantisedWeights<float>;
template class QuantisedWeights<Bf16>;

}  // namespace residency::train
