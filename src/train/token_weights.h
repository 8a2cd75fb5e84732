// TokenWeights: the embedding of tokens and the head that predicts them, which may be one matrix.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "model/llama_config.h"
#include "train/aligned_buffer.h"
#include "train/frozen_weights.h"
#include "train/tiled_weights.h"

namespace residency::train {

template <class T>
class TokenWeights {
 public:
  static Result<TokenWeights> create(const FrozenStore<T>& store, const model::LlamaConfig& config);

  /// x = the token's row. Thread-safe.
  void embed(std::int32_t token, float* x) const;

  /// Takes other values from the given places; both the same where they are one matrix.
  Result<void> set_weights(std::span<const float> values, std::int64_t embedding_at,
                           std::int64_t head_at, const KernelTable<T>& kernels);

  /// The head, whose outputs are the vocabulary rounded up to kLanes.
  FrozenWeights<T>& head() { return *head_; }

 private:
  std::int64_t width_ = 0;
  std::int64_t vocabulary_ = 0;
  AlignedBuffer<T> untied_;  // of set_weights()
  AlignedBuffer<T> plain_;   // the embedding, where rows_ does not hold it
  std::shared_ptr<TiledWeights<T>> rows_;
  std::shared_ptr<FrozenWeights<T>> head_;  // rows_ itself where they are one
};

}  // namespace residency::train
