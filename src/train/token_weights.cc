#include "train/token_weights.h"

#include <string>
#include <utility>
#include <vector>

#include "train/parallel.h"

namespace residency::train {
namespace {

constexpr const char* kEmbedding = "token_embd.weight";
constexpr const char* kHead = "output.weight";

Result<void> check_size(const model::GgufFile& file, const model::LlamaConfig& config,
                        const std::string& name) {
  const model::GgufTensor* tensor = file.find(name);
  const std::vector<std::int64_t> shape{config.embedding, config.vocabulary};
  if (tensor == nullptr || tensor->shape != shape) {
    return invalid_input("a tensor is of another size than the model's: " + name);
  }
  return {};
}

}  // namespace

template <class T>
Result<TokenWeights<T>> TokenWeights<T>::create(const FrozenStore<T>& store,
                                                const model::LlamaConfig& config) {
  TokenWeights weights;
  weights.width_ = config.embedding;
  weights.vocabulary_ = config.vocabulary;
  RESIDENCY_TRY_VOID(check_size(store.file(), config, kEmbedding));
  if (!config.tied_head) RESIDENCY_TRY_VOID(check_size(store.file(), config, kHead));
  const std::int64_t n = weights.width_;
  if (store.form() == WeightForm::kQuantised) {
    RESIDENCY_TRY(weights.rows_, TiledWeights<T>::create(store, {kEmbedding}));
  } else {
    RESIDENCY_TRY(AlignedBuffer<T> plain, store.plain({kEmbedding}));
    if (store.widens()) {
      weights.rows_ = TiledWeights<T>::of_plain(store, plain.data(), plain.size() / n, n);
    } else {
      weights.plain_ = std::move(plain);
    }
  }
  if (!config.tied_head) {
    RESIDENCY_TRY(weights.head_, store.take({kHead}));
  } else if (weights.rows_ != nullptr) {
    weights.head_ = weights.rows_;
  } else {
    RESIDENCY_TRY(weights.head_,
                  pack_weights<T>(weights.plain_.data(), weights.plain_.size() / n, n));
  }
  return weights;
}

template <class T>
void TokenWeights<T>::embed(std::int32_t token, float* x) const {
  std::vector<T> row;
  const T* from = plain_.data() + token * width_;
  if (rows_ != nullptr) {
    row.resize(static_cast<std::size_t>(width_));
    rows_->dequantise(token, token + 1, row.data());
    from = row.data();
  }
  for (std::int64_t i = 0; i < width_; ++i) x[i] = widen(from[i]);
}

template <class T>
Result<void> TokenWeights<T>::set_weights(std::span<const float> values, std::int64_t embedding_at,
                                          std::int64_t head_at, const KernelTable<T>& kernels) {
  const auto round_rows = [&](std::int64_t at, T* to) {
    parallel_ranges(vocabulary_, 1024, [&](std::int64_t begin, std::int64_t end) {
      kernels.round(values.data() + at + begin * width_, (end - begin) * width_,
                    to + begin * width_);
    });
  };
  plain_.reserve(round_up(vocabulary_, kLanes) * width_);
  round_rows(embedding_at, plain_.data());
  if (rows_ != nullptr) RESIDENCY_TRY_VOID(rows_->refill(plain_.data(), width_));
  if (head_at == embedding_at) {
    return rows_ != nullptr ? Result<void>() : head_->refill(plain_.data(), width_);
  }
  untied_.reserve(round_up(vocabulary_, kLanes) * width_);
  round_rows(head_at, untied_.data());
  return head_->refill(untied_.data(), width_);
}

template class TokenWeights<float>;
template class TokenWeights<Bf16>;

}  // namespace residency::train
