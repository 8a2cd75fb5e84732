// LoadedModel: a GGUF model, its context and at most one adapter, owned as llama.cpp wants them.
#pragma once

#include <cstdint>
#include <llama.h>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"
#include "model/llama_config.h"
#include "model/llama_vocabulary.h"

namespace residency::infer {

struct LlamaDeleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
  void operator()(llama_context* context) const { llama_free(context); }
};

/// A callback that llama.cpp's graph calls at its tensors.
struct GraphHook {
  ggml_backend_sched_eval_callback callback = nullptr;
  void* state = nullptr;
};

/// Members are in the order in which they must be made; an adapter is freed with its model.
struct LoadedModel {
  std::unique_ptr<llama_model, LlamaDeleter> model;
  std::unique_ptr<llama_context, LlamaDeleter> context;
  model::LlamaConfig config;
  std::string chat_template;
  int context_tokens = 0;  // per sequence: what was asked for, at most what the model was made for
  int sequences = 1;
  /// Tokens whose keys and values are in the context's memory for sequence 0, from position 0: what
  /// the next prompt shares with them is not computed again. Empty after anything but scoring.
  std::vector<std::int32_t> remembered;

  /// Empties the context's memory.
  void forget() {
    llama_memory_clear(llama_get_memory(context.get()), false);
    remembered.clear();
  }
  const llama_vocab* vocab() const { return llama_model_get_vocab(model.get()); }
  model::LlamaVocabulary vocabulary() const { return model::LlamaVocabulary(vocab()); }

  /// Checks the files, then loads them. Errors as Engine::open documents.
  static Result<LoadedModel> open(const EngineOptions& options, const GraphHook& hook = {});
};

/// Loads a GGUF LoRA for `model`, with which it is freed, and applies it to `context`.
Result<llama_adapter_lora*> load_adapter(llama_model* model, const std::string& path);
Result<void> apply_adapter(llama_context* context, llama_adapter_lora* adapter);

/// The largest number of tokens in one call of llama.cpp.
inline constexpr int kBatchTokens = 512;
/// The largest number of positions whose logits one call may ask for.
inline constexpr int kBatchOutputs = 64;
inline constexpr int kSequencesMax = kBatchOutputs;
/// Tokens in one call of HiddenStates, all of which may be asked for.
inline constexpr int kHiddenTokensMin = 1024;

}  // namespace residency::infer
