// Starts llama.cpp once per process and keeps its log out of ours.
#pragma once

#include <string>
#include <string_view>

namespace residency::model {

/// Initialises llama.cpp's backend and redirects its log; safe to call often and from any thread.
/// llama.cpp's lines become debug lines without their text, which may quote what is generated.
void start_llama();

/// Collects llama.cpp's error lines on this thread while it lives: to explain why a model or an
/// adapter was refused. Only for loading, where no record text can be in them.
class LlamaErrorScope {
 public:
  LlamaErrorScope();
  ~LlamaErrorScope();
  LlamaErrorScope(const LlamaErrorScope&) = delete;
  LlamaErrorScope& operator=(const LlamaErrorScope&) = delete;
  /// The last error line, trimmed; "no reason given" where there is none.
  std::string last() const;

 private:
  friend void take_llama_line(bool is_error, std::string_view text);
  std::string last_;
  LlamaErrorScope* outer_;
};

}  // namespace residency::model
