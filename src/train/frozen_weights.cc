#include "train/frozen_weights.h"

#include <utility>

#include "train/base_weights.h"
#include "train/parallel.h"
#include "train/tiled_weights.h"

namespace residency::train {
namespace {

constexpr std::int64_t kRowGrain = 64;

template <class T>
class PackedWeights final : public FrozenWeights<T> {
 public:
  PackedWeights(FrozenMatrix<T> forward, FrozenMatrix<T> backward)
      : forward_(std::move(forward)), backward_(std::move(backward)) {}

  Result<void> forward(const T* x, std::int64_t rows, T* y, bool adds) override {
    return forward_.multiply(x, rows, y, adds);
  }
  Result<void> forward_wide(const T* x, std::int64_t rows, float* y) override {
    return forward_.multiply_wide(x, rows, y);
  }
  Result<void> backward(const T* dy, std::int64_t rows, T* dx, bool adds) override {
    return backward_.multiply(dy, rows, dx, adds);
  }
  Result<void> refill(const T* plain, std::int64_t in) override {
    RESIDENCY_TRY_VOID(forward_.refill(plain, 1, in));
    return backward_.refill(plain, in, 1);
  }
  std::int64_t bytes() const override { return forward_.bytes() + backward_.bytes(); }

 private:
  FrozenMatrix<T> forward_;
  FrozenMatrix<T> backward_;
};

}  // namespace

template <class T>
Result<void> FrozenWeights<T>::refill(const T*, std::int64_t) {
  return internal_error("weights of this form can't be trained");
}

template <class T>
Result<std::unique_ptr<FrozenWeights<T>>> pack_weights(const T* plain, std::int64_t rows,
                                                       std::int64_t in) {
  RESIDENCY_TRY(auto forward, FrozenMatrix<T>::create(plain, in, rows, 1, in));
  RESIDENCY_TRY(auto backward, FrozenMatrix<T>::create(plain, rows, in, in, 1));
  return std::unique_ptr<FrozenWeights<T>>(
      std::make_unique<PackedWeights<T>>(std::move(forward), std::move(backward)));
}

template <class T>
FrozenStore<T>::FrozenStore(const model::GgufFile& file, WeightForm form,
                            const KernelTable<T>& kernels, std::int64_t tile_values)
    : file_(file), form_(form), tile_values_(tile_values), kernels_(kernels) {}

template <class T>
Result<AlignedBuffer<T>> FrozenStore<T>::plain(const std::vector<std::string>& tensors) const {
  std::int64_t in = 0;
  std::int64_t rows = 0;
  for (const std::string& name : tensors) {
    const model::GgufTensor* tensor = file_.find(name);
    if (tensor == nullptr || tensor->shape.size() != 2) {
      return invalid_input("the model lacks a matrix: " + name);
    }
    in = tensor->shape[0];
    rows += tensor->shape[1];
  }
  RESIDENCY_TRY(const std::vector<float> wide, base_tensors(file_, tensors));
  AlignedBuffer<T> narrow(in * round_up(rows, kLanes));
  parallel_ranges(rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels_.round(wide.data() + begin * in, (end - begin) * in, narrow.data() + begin * in);
  });
  return narrow;
}

template <class T>
Result<std::unique_ptr<FrozenWeights<T>>> FrozenStore<T>::take(
    const std::vector<std::string>& tensors) const {
  if (form_ == WeightForm::kQuantised) {
    RESIDENCY_TRY(auto weights, TiledWeights<T>::create(*this, tensors));
    return std::unique_ptr<FrozenWeights<T>>(std::move(weights));
  }
  RESIDENCY_TRY(const AlignedBuffer<T> narrow, plain(tensors));
  const std::int64_t in = file_.find(tensors.front())->shape[0];
  return pack(narrow.data(), narrow.size() / in, in);
}

template <class T>
Result<std::unique_ptr<FrozenWeights<T>>> FrozenStore<T>::pack(const T* plain, std::int64_t rows,
                                                               std::int64_t in) const {
  if (!widens()) return pack_weights(plain, rows, in);
  return std::unique_ptr<FrozenWeights<T>>(TiledWeights<T>::of_plain(*this, plain, rows, in));
}

template class FrozenWeights<float>;
template class FrozenWeights<Bf16>;
template class FrozenStore<float>;
template class FrozenStore<Bf16>;
template Result<std::unique_ptr<FrozenWeights<float>>> pack_weights(const float*, std::int64_t,
                                                                    std::int64_t);
template Result<std::unique_ptr<FrozenWeights<Bf16>>> pack_weights(const Bf16*, std::int64_t,
                                                                   std::int64_t);

}  // namespace residency::train
