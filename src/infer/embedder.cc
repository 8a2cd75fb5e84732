#include "infer/embedder.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <fmt/format.h>
#include <thread>

#include "infer/owned_batch.h"

namespace residency::infer {
namespace {

/// Longer texts are refused: the context's memory is that of one pass.
constexpr int kTextTokensMax = 2048;

}  // namespace

Result<std::unique_ptr<Embedder>> Embedder::make(const LoadedModel& loaded,
                                                 const AdapterStack& stack,
                                                 llama_adapter_lora* adapter, int threads) {
  std::unique_ptr<Embedder> made(new Embedder(stack));
  made->tokens_max_ = std::min(loaded.context_tokens, kTextTokensMax);
  made->vocabulary_ = loaded.vocabulary().size();
  made->width_ = static_cast<int>(loaded.config.embedding);
  auto params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(made->tokens_max_);
  params.n_batch = params.n_ctx;
  params.n_ubatch = params.n_ctx;
  params.n_outputs_max = params.n_ctx;
  params.n_seq_max = 1;
  params.embeddings = true;
  params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
  params.n_threads =
      threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  params.n_threads_batch = params.n_threads;
  params.no_perf = true;
  if (stack.chooses()) {
    params.cb_eval = &AdapterChooser::on_tensor;
    params.cb_eval_user_data = &made->chooser_;
  }
  made->context_.reset(llama_init_from_model(loaded.model.get(), params));
  if (made->context_ == nullptr) {
    return resource_exhausted("llama.cpp cannot make a context for embeddings");
  }
  if (adapter != nullptr) RESIDENCY_TRY_VOID(apply_adapter(made->context_.get(), adapter));
  return made;
}

Result<std::vector<std::vector<float>>> Embedder::run(const std::vector<Tokens>& texts,
                                                      std::size_t variant) {
  std::vector<std::vector<float>> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const int tokens = static_cast<int>(texts[i].size());
    if (tokens < 1 || tokens > tokens_max_) {
      return invalid_argument(
          fmt::format("text {} has {} tokens: there must be 1 to {}", i, tokens, tokens_max_));
    }
    for (const std::int32_t token : texts[i]) {
      if (token < 0 || token >= vocabulary_) return invalid_argument("token is not in vocabulary");
    }
    RESIDENCY_TRY(auto vector, embed(texts[i], variant));
    all.push_back(std::move(vector));
  }
  return all;
}

Result<std::vector<float>> Embedder::embed(const Tokens& tokens, std::size_t variant) {
  OwnedBatch batch(static_cast<int>(tokens.size()));
  chooser_.clear();
  for (const std::int32_t token : tokens) {
    batch.add(token, batch->n_tokens, 0, true);
    chooser_.add(variant, true);
  }
  llama_memory_clear(llama_get_memory(context_.get()), false);
  try {
    if (llama_decode(context_.get(), *batch) != 0) {
      return internal_error("llama.cpp cannot compute an embedding");
    }
  } catch (const std::exception&) {
    return internal_error("llama.cpp cannot compute an embedding: exception");
  }
  const float* mean = llama_get_embeddings_seq(context_.get(), 0);
  if (mean == nullptr) return internal_error("llama.cpp gave no embedding");
  std::vector<float> vector(mean, mean + width_);
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  const double length = std::sqrt(squares);
  if (length > 0) {
    for (float& value : vector) value = static_cast<float>(value / length);
  }
  return vector;
}

}  // namespace residency::infer
