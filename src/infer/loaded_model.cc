#include "infer/loaded_model.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <thread>
#include <utility>

#include "model/gguf.h"
#include "model/llama_runtime.h"
#include "model/lora_gguf.h"

namespace residency::infer {
namespace {

Result<void> check_options(const EngineOptions& options) {
  if (options.context_tokens < 8 || options.context_tokens > 1 << 20) {
    return invalid_argument(
        fmt::format("context_tokens is not from 8 to 1048576: {}", options.context_tokens));
  }
  if (options.parallel_sequences < 1 || options.parallel_sequences > kSequencesMax) {
    return invalid_argument(fmt::format("parallel_sequences is not from 1 to {}: {}", kSequencesMax,
                                        options.parallel_sequences));
  }
  if (options.threads < 0 || options.threads > 512) {
    return invalid_argument(fmt::format("threads is not from 0 to 512: {}", options.threads));
  }
  return {};
}

llama_context_params context_params(const EngineOptions& options, int context_tokens) {
  auto params = llama_context_default_params();
  // One more than is offered, for BatchRunner's pad.
  params.n_ctx = static_cast<std::uint32_t>((context_tokens + 1) * options.parallel_sequences);
  params.n_batch = kBatchTokens;
  params.n_ubatch = kBatchTokens;
  params.n_seq_max = static_cast<std::uint32_t>(options.parallel_sequences);
  params.n_outputs_max = kBatchOutputs;
  if (options.hidden_states) {
    // Attention in both directions needs whole sequences in one call.
    params.n_ctx = static_cast<std::uint32_t>(std::max(context_tokens, kHiddenTokensMin));
    params.n_batch = params.n_ctx;
    params.n_ubatch = params.n_ctx;
    params.n_seq_max = kSequencesMax;
    params.n_outputs_max = params.n_ctx;
    params.embeddings = true;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  }
  const int threads = options.threads > 0
                          ? options.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  params.n_threads = threads;
  params.n_threads_batch = threads;
  // One stream of memory per sequence, so that attention sees no neighbour. In one call of hidden
  // states the mask sees to that.
  params.kv_unified = options.hidden_states;
  params.no_perf = true;
  if (options.kv_cache_f32) {
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
  return params;
}

Result<void> attach_adapter(const EngineOptions& options, const model::GgufFile& base,
                            LoadedModel& loaded) {
  RESIDENCY_TRY(const auto file, model::GgufFile::open(options.adapter_path));
  RESIDENCY_TRY_VOID(model::verify_lora_gguf(*file, base));
  RESIDENCY_TRY(auto* adapter, load_adapter(loaded.model.get(), options.adapter_path));
  return apply_adapter(loaded.context.get(), adapter);
}

Result<LoadedModel> load(const EngineOptions& options, const GraphHook& hook) {
  RESIDENCY_TRY(const auto file, model::GgufFile::open(options.model_path));
  LoadedModel loaded;
  RESIDENCY_TRY(loaded.config, model::verify_gguf(*file));
  if (auto text = file->text("tokenizer.chat_template"); text.ok()) loaded.chat_template = *text;
  loaded.sequences = options.parallel_sequences;
  loaded.context_tokens =
      static_cast<int>(std::min<std::int64_t>(options.context_tokens, loaded.config.context));

  model::start_llama();
  model::LlamaErrorScope errors;
  auto params = llama_model_default_params();
  loaded.model.reset(llama_model_load_from_file(options.model_path.c_str(), params));
  if (loaded.model == nullptr) {
    return invalid_input(
        fmt::format("llama.cpp cannot load the model: {}: {}", errors.last(), options.model_path));
  }
  auto with_hook = context_params(options, loaded.context_tokens);
  with_hook.cb_eval = hook.callback;
  with_hook.cb_eval_user_data = hook.state;
  loaded.context.reset(llama_init_from_model(loaded.model.get(), with_hook));
  if (loaded.context == nullptr) {
    return resource_exhausted(
        fmt::format("llama.cpp cannot make a context: {}: {}", errors.last(), options.model_path));
  }
  if (!options.adapter_path.empty()) RESIDENCY_TRY_VOID(attach_adapter(options, *file, loaded));
  return loaded;
}

}  // namespace

Result<llama_adapter_lora*> load_adapter(llama_model* model, const std::string& path) {
  model::LlamaErrorScope errors;
  auto* adapter = llama_adapter_lora_init(model, path.c_str());
  if (adapter == nullptr) {
    return invalid_input(
        fmt::format("llama.cpp cannot load the adapter: {}: {}", errors.last(), path));
  }
  return adapter;
}

Result<void> apply_adapter(llama_context* context, llama_adapter_lora* adapter) {
  float scale = 1;
  if (llama_set_adapters_lora(context, &adapter, 1, &scale) == 0) return {};
  return invalid_input("llama.cpp cannot apply the adapter");
}

Result<LoadedModel> LoadedModel::open(const EngineOptions& options, const GraphHook& hook) {
  RESIDENCY_TRY_VOID(check_options(options));
  try {
    return load(options, hook);
  } catch (const std::exception& error) {
    return invalid_input(
        fmt::format("model cannot be loaded: {}: {}", error.what(), options.model_path));
  }
}

}  // namespace residency::infer
