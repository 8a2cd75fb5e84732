#include "model/llama_runtime.h"

#include <ggml.h>
#include <llama.h>
#include <mutex>

#include "base/log.h"

namespace residency::model {
namespace {

/// The scope that collects on this thread: llama.cpp's callback has no other way to find it.
LlamaErrorScope*& current_scope() {
  thread_local LlamaErrorScope* scope = nullptr;
  return scope;
}

}  // namespace

void take_llama_line(bool is_error, std::string_view text) {
  auto* scope = current_scope();
  if (!is_error || scope == nullptr) return;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  constexpr std::size_t kLineBytesKept = 300;
  if (!text.empty()) scope->last_ = std::string(text.substr(0, kLineBytesKept));
}

namespace {

void on_llama_line(ggml_log_level level, const char* text, void*) {
  take_llama_line(level == GGML_LOG_LEVEL_ERROR, text == nullptr ? "" : text);
  if (level == GGML_LOG_LEVEL_ERROR || level == GGML_LOG_LEVEL_WARN) {
    log(LogLevel::kDebug, "model", "llama.cpp logged a line",
        {{"llama_level", static_cast<std::int64_t>(level)}});
  }
}

}  // namespace

void start_llama() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(on_llama_line, nullptr);
    llama_backend_init();
  });
}

LlamaErrorScope::LlamaErrorScope() : outer_(current_scope()) { current_scope() = this; }

LlamaErrorScope::~LlamaErrorScope() { current_scope() = outer_; }

std::string LlamaErrorScope::last() const { return last_.empty() ? "no reason given" : last_; }

}  // namespace residency::model
