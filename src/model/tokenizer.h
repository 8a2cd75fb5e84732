// Tokenizer and chat template of a GGUF model: llama.cpp's own, so that training sees exactly the
// tokens that serving sees.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::model {

struct TemplateMessage {
  std::string role;
  std::string content;
};

/// Thread-safe once opened.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  static Result<std::unique_ptr<Tokenizer>> open(const std::string& gguf_path);

  virtual std::vector<std::int32_t> encode(std::string_view text, bool add_bos,
                                           bool parse_special) const = 0;
  virtual std::string decode(const std::vector<std::int32_t>& tokens, bool with_special) const = 0;
  virtual int vocabulary_size() const = 0;
  virtual std::int32_t end_of_turn() const = 0;  // ends the assistant's answer
  virtual std::int32_t bos() const = 0;          // -1 where the model has none
  virtual bool add_bos() const = 0;

  /// Renders the model's chat template as llama.cpp does.
  virtual Result<std::string> render_chat(const std::vector<TemplateMessage>& messages,
                                          bool add_assistant) const = 0;
};

}  // namespace residency::model
