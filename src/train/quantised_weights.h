// QuantisedWeights: weights held as their GGUF file has them, dequantised tile by tile while a
// product runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "train/aligned_buffer.h"
#include "train/frozen_weights.h"

namespace residency::train {

template <class T>
class QuantisedWeights final : public FrozenWeights<T> {
 public:
  /// kInvalidInput where a tensor is missing, of a type that model/tensor_types.h lacks, or holds
  /// values that are not finite.
  static Result<std::unique_ptr<QuantisedWeights>> create(const FrozenStore<T>& store,
                                                          const std::vector<std::string>& tensors);

  Result<void> forward(const T* x, std::int64_t rows, T* y, bool adds) override;
  Result<void> forward_wide(const T* x, std::int64_t rows, float* y) override;
  Result<void> backward(const T* dy, std::int64_t rows, T* dx, bool adds) override;
  std::int64_t bytes() const override;

  /// Rows [begin, end) of W, each of `in` values.
  void dequantise(std::int64_t begin, std::int64_t end, T* to) const;

 private:
  struct Part {
    std::uint32_t type = 0;
    std::int64_t row = 0;  // of W, where the part begins
    std::int64_t rows = 0;
    std::int64_t row_bytes = 0;
    AlignedBuffer<std::byte> data;
  };
  explicit QuantisedWeights(const FrozenStore<T>& store)
      : kernels_(store.kernels()), tiles_(store.tiles()), tile_values_(store.tile_values()) {}

  Result<void> add(const model::GgufFile& file, const std::string& name);
  bool finite(const Part& part) const;
  std::int64_t tile_rows() const;
  const T* make_tile(std::int64_t begin, std::int64_t end);
  Result<void> forward_tiles(const T* x, std::int64_t rows, std::byte* y, bool adds, bool wide);

  const KernelTable<T>& kernels_;
  std::shared_ptr<TileProducts<T>> tiles_;
  std::int64_t tile_values_;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;  // a multiple of kLanes
  std::vector<Part> parts_;
};

/// Why the model's matrices cannot be trained on as they are; empty where they can: all are of
/// types in model/tensor_types.h, and some are quantised.
std::string quantised_base_refusal(const model::GgufFile& file);

}  // namespace residency::train
