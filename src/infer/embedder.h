// Embedder: a context of its own over a loaded model, for embeddings of texts.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "infer/adapter_stack.h"
#include "infer/loaded_model.h"
#include "infer/slot_pool.h"

namespace residency::infer {

/// Not thread-safe. The model and the stack must outlive it.
class Embedder {
 public:
  /// `adapter` may be null.
  static Result<std::unique_ptr<Embedder>> make(const LoadedModel& loaded,
                                                const AdapterStack& stack,
                                                llama_adapter_lora* adapter, int threads);

  /// As BatchEngine::embed.
  Result<std::vector<std::vector<float>>> run(const std::vector<Tokens>& texts,
                                              std::size_t variant);

 private:
  explicit Embedder(const AdapterStack& stack) : chooser_(stack) {}
  Result<std::vector<float>> embed(const Tokens& tokens, std::size_t variant);

  AdapterChooser chooser_;
  std::unique_ptr<llama_context, LlamaDeleter> context_;
  int tokens_max_ = 0;
  int vocabulary_ = 0;
  int width_ = 0;
};

}  // namespace residency::infer
