// TiledWeights: weights held once, as their GGUF file has them or in bf16, and brought to the
// product's number type tile by tile while a product runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"
#include "train/aligned_buffer.h"
#include "train/frozen_weights.h"

namespace residency::train {

/// Products are in T, or in fp32 where the kernels' machine has no fast products in T
/// (KernelTable::bf16_products): rows are widened once a product, weights a tile at a time.
template <class T>
class TiledWeights final : public FrozenWeights<T> {
 public:
  /// The file's own bytes. kInvalidInput where a tensor is missing, of a type that
  /// model/tensor_types.h lacks, or holds values that are not finite.
  static Result<std::unique_ptr<TiledWeights>> create(const FrozenStore<T>& store,
                                                      const std::vector<std::string>& tensors);
  /// `plain` [rows, in] in T, copied; rows a multiple of kLanes.
  static std::unique_ptr<TiledWeights> of_plain(const FrozenStore<T>& store, const T* plain,
                                                std::int64_t rows, std::int64_t in);

  Result<void> forward(const T* x, std::int64_t rows, T* y, bool adds) override;
  Result<void> forward_wide(const T* x, std::int64_t rows, float* y) override;
  Result<void> backward(const T* dy, std::int64_t rows, T* dx, bool adds) override;
  Result<void> refill(const T* plain, std::int64_t in) override;
  std::int64_t bytes() const override;

  /// Rows [begin, end) of W, each of `in` values.
  void dequantise(std::int64_t begin, std::int64_t end, T* to) const {
    rows_to(kernels_, begin, end, to);
  }

 private:
  struct Part {
    std::uint32_t type = 0;
    std::int64_t row = 0;  // of W, where the part begins
    std::int64_t rows = 0;
    std::int64_t row_bytes = 0;
    AlignedBuffer<std::byte> data;
  };
  explicit TiledWeights(const FrozenStore<T>& store)
      : kernels_(store.kernels()),
        tiles_(store.tiles()),
        tile_values_(store.tile_values()),
        widens_(store.widens()) {}

  Result<void> add(const model::GgufFile& file, const std::string& name);
  bool finite(const Part& part) const;
  std::int64_t tile_rows() const;
  template <class U>
  void rows_to(const KernelTable<U>& kernels, std::int64_t begin, std::int64_t end, U* to) const;
  template <class U>
  const U* make_tile(const KernelTable<U>& kernels, TileProducts<U>& products, std::int64_t begin,
                     std::int64_t end);
  Result<void> forward_tiles(const T* x, std::int64_t rows, std::byte* y, bool adds, bool wide);
  Result<void> forward_widened(const T* x, std::int64_t rows, T* y, float* y_wide, bool adds);
  Result<void> backward_widened(const T* dy, std::int64_t rows, T* dx, bool adds);
  /// `x` [rows, columns] in fp32, zeros past `rows` included.
  const float* widened(const T* x, std::int64_t rows, std::int64_t columns);
  void round_sums(const float* sums, std::int64_t rows, std::int64_t n, bool adds, T* to,
                  std::int64_t to_stride);

  const KernelTable<T>& kernels_;
  std::shared_ptr<TileMemory<T>> tiles_;
  std::int64_t tile_values_;
  bool widens_;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;  // a multiple of kLanes
  std::vector<Part> parts_;
};

/// Why the model's matrices cannot be trained on as they are; empty where they can: all are of
/// types in model/tensor_types.h, and some are quantised.
std::string quantised_base_refusal(const model::GgufFile& file);

}  // namespace residency::train
