// FrozenWeights: projections of one input that seldom change, however they are held in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"
#include "train/adapter_scratch.h"
#include "train/aligned_buffer.h"
#include "train/frozen_matrix.h"
#include "train/kernels/kernel_table.h"
#include "train/tile_products.h"

namespace residency::train {

/// W [out, in] of several tensors, one below the other. Rows of x and y are rounded up to
/// kRowBlock. Not thread-safe: a product itself runs on all threads.
template <class T>
class FrozenWeights {
 public:
  virtual ~FrozenWeights() = default;

  /// y[rows, out] = x[rows, in] W^T. With `adds`, what `y` held is added before rounding.
  virtual Result<void> forward(const T* x, std::int64_t rows, T* y, bool adds) = 0;
  /// The same with an fp32 result, without adding.
  virtual Result<void> forward_wide(const T* x, std::int64_t rows, float* y) = 0;
  /// dx[rows, in] = dy[rows, out] W. With `adds`, what `dx` held is added before rounding.
  virtual Result<void> backward(const T* dy, std::int64_t rows, T* dx, bool adds) = 0;
  /// Takes other values, [out rounded up to kLanes, in] in T, where the form allows that; kInternal
  /// where it does not.
  virtual Result<void> refill(const T* plain, std::int64_t in);
  virtual std::int64_t bytes() const = 0;
};

enum class WeightForm : std::uint8_t {
  kPacked,     // in T, twice: in the layouts that forward and backward want; once, and widened
               // tile by tile, where the machine has no fast products in T
  kQuantised,  // as the file has them, once; tiles are dequantised while a product runs
};

/// Values of a tile of quantised weights: enough for a product of it to keep all threads busy, few
/// beside the weights.
inline constexpr std::int64_t kTileValues = 1 << 21;

/// Makes an engine's weights from its base model's file, all in one form.
template <class T>
class FrozenStore {
 public:
  FrozenStore(const model::GgufFile& file, WeightForm form, const KernelTable<T>& kernels,
              std::int64_t tile_values = kTileValues);

  const model::GgufFile& file() const { return file_; }
  const KernelTable<T>& kernels() const { return kernels_; }
  WeightForm form() const { return form_; }
  std::int64_t tile_values() const { return tile_values_; }
  /// Whether products are computed in a wider type than T.
  bool widens() const { return sizeof(T) == 2 && !kernels_.bf16_products; }

  /// `tensors` are of the same input width. Rows of zeros follow up to a multiple of kLanes.
  /// kInvalidInput where a tensor is missing or holds values that are not finite.
  Result<std::unique_ptr<FrozenWeights<T>>> take(const std::vector<std::string>& tensors) const;

  /// The tensors' values in T, [rows rounded up to kLanes, in].
  Result<AlignedBuffer<T>> plain(const std::vector<std::string>& tensors) const;

  /// `plain` [rows, in] in T, rows a multiple of kLanes, in the form for this machine; copied.
  Result<std::unique_ptr<FrozenWeights<T>>> pack(const T* plain, std::int64_t rows,
                                                 std::int64_t in) const;

  /// What products on tiles of all weights share.
  const std::shared_ptr<TileMemory<T>>& tiles() const { return tiles_; }
  /// What the adapters of all weights share.
  const std::shared_ptr<AdapterScratch<T>>& adapter_scratch() const { return adapter_scratch_; }

 private:
  const model::GgufFile& file_;
  WeightForm form_;
  std::int64_t tile_values_;
  const KernelTable<T>& kernels_;
  std::shared_ptr<TileMemory<T>> tiles_ = std::make_shared<TileMemory<T>>();
  std::shared_ptr<AdapterScratch<T>> adapter_scratch_ = std::make_shared<AdapterScratch<T>>();
};

/// `plain` [rows, in] in T, packed twice. Not kept.
template <class T>
Result<std::unique_ptr<FrozenWeights<T>>> pack_weights(const T* plain, std::int64_t rows,
                                                       std::int64_t in);

}  // namespace residency::train
