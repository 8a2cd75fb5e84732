// LlamaVocabulary: text to tokens and back over a loaded llama.cpp model's vocabulary; what the
// Tokenizer and the inference engine share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/gguf.h"

struct llama_vocab;

namespace residency::model {

/// A view; the llama.cpp model must outlive it. Thread-safe.
class LlamaVocabulary {
 public:
  explicit LlamaVocabulary(const llama_vocab* vocabulary) : vocabulary_(vocabulary) {}

  /// Empty for text of 2 GiB and more. With `add_bos`, the model's BOS precedes where it has one,
  /// whatever its own setting says.
  std::vector<std::int32_t> encode(std::string_view text, bool add_bos, bool parse_special) const;
  /// Tokens outside the vocabulary are left out.
  std::string decode(const std::vector<std::int32_t>& tokens, bool with_special) const;
  /// One token's bytes: not always whole code points.
  std::string piece(std::int32_t token, bool with_special) const;
  int size() const;
  std::int32_t bos() const;
  bool add_bos() const;
  bool ends_generation(std::int32_t token) const;

 private:
  const llama_vocab* vocabulary_;
};

/// The token that ends an answer, from the file's metadata: tokenizer.ggml.eot_token_id, else the
/// EOS token; -1 where there is neither. (llama.cpp's own guess goes by token texts in the order of
/// a hash table, so it can take <|endoftext|> for it.)
std::int32_t end_of_turn_token(const GgufFile& file);

/// Checks what llama.cpp takes for granted of a vocabulary: that a tokenizer of a known kind is
/// there, its lists agree in length and its special tokens are inside. kInvalidInput otherwise.
Result<void> check_vocabulary(const GgufFile& file);

}  // namespace residency::model
