#include "model/llama_vocabulary.h"

#include <array>
#include <exception>
#include <fmt/format.h>
#include <limits>
#include <llama.h>
#include <set>

namespace residency::model {

std::vector<std::int32_t> LlamaVocabulary::encode(std::string_view text, bool add_bos,
                                                  bool parse_special) const {
  std::vector<std::int32_t> tokens;
  const bool with_bos = add_bos && bos() >= 0;
  if (text.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return {};
  try {
    tokens.resize(text.size() / 3 + 8);
    const auto length = static_cast<std::int32_t>(text.size());
    const auto call = [&] {
      return llama_tokenize(vocabulary_, text.data(), length, tokens.data() + 1,
                            static_cast<std::int32_t>(tokens.size() - 1), false, parse_special);
    };
    std::int32_t count = call();
    if (count == std::numeric_limits<std::int32_t>::min()) return {};
    if (count < 0) {
      tokens.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(count)) + 1);
      count = call();
    }
    if (count < 0) return {};
    tokens.resize(static_cast<std::size_t>(count) + 1);
  } catch (const std::exception&) {
    return {};
  }
  if (with_bos) {
    tokens.front() = bos();
  } else {
    tokens.erase(tokens.begin());
  }
  return tokens;
}

std::string LlamaVocabulary::piece(std::int32_t token, bool with_special) const {
  if (token < 0 || token >= size()) return "";
  std::string text(32, '\0');
  const auto call = [&] {
    return llama_token_to_piece(vocabulary_, token, text.data(),
                                static_cast<std::int32_t>(text.size()), 0, with_special);
  };
  std::int32_t length = call();
  if (length < 0) {
    text.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(length)));
    length = call();
  }
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return text;
}

std::string LlamaVocabulary::decode(const std::vector<std::int32_t>& tokens,
                                    bool with_special) const {
  std::string text;
  for (const auto token : tokens) text += piece(token, with_special);
  return text;
}

int LlamaVocabulary::size() const { return llama_vocab_n_tokens(vocabulary_); }

std::int32_t LlamaVocabulary::bos() const { return llama_vocab_bos(vocabulary_); }

bool LlamaVocabulary::add_bos() const { return llama_vocab_get_add_bos(vocabulary_); }

bool LlamaVocabulary::ends_generation(std::int32_t token) const {
  return llama_vocab_is_eog(vocabulary_, token);
}

namespace {

template <class T>
const std::vector<T>* list(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return nullptr;
  const auto* array = std::get_if<GgufArray>(&found->second);
  return array == nullptr ? nullptr : std::get_if<std::vector<T>>(array);
}

Result<void> check_list_length(const GgufFile& file, const std::string& key, std::size_t tokens) {
  if (!file.metadata().contains(key)) return {};
  const auto* integers = list<std::int64_t>(file, key);
  const auto* reals = list<double>(file, key);
  const std::size_t length = integers != nullptr ? integers->size()
                             : reals != nullptr  ? reals->size()
                                                 : tokens + 1;
  if (length == tokens) return {};
  return invalid_input(
      fmt::format("GGUF list is not one number per token ({}): {}: {}", tokens, key, file.name()));
}

/// llama.cpp aborts where two tokens are the same, and a SentencePiece vocabulary without byte
/// tokens cannot take every text.
Result<void> check_tokens(const GgufFile& file, const std::vector<std::string>& tokens,
                          bool sentence_piece) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) {
      return invalid_input(
          fmt::format("token {} is empty: tokenizer.ggml.tokens: {}", i, file.name()));
    }
    if (!seen.insert(tokens[i]).second) {
      return invalid_input(
          fmt::format("token {} stands twice: tokenizer.ggml.tokens: {}", i, file.name()));
    }
  }
  for (int byte = 0; sentence_piece && byte < 256; ++byte) {
    const std::string plain(1, static_cast<char>(byte));
    if (!seen.contains(fmt::format("<0x{:02X}>", byte)) && !seen.contains(plain)) {
      return invalid_input(
          fmt::format("vocabulary has no token for byte {}: {}", byte, file.name()));
    }
  }
  return {};
}

}  // namespace

std::int32_t end_of_turn_token(const GgufFile& file) {
  for (const auto* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eos_token_id"}) {
    const auto token = file.integer(key);
    if (token.ok() && *token >= 0 && *token <= std::numeric_limits<std::int32_t>::max()) {
      return static_cast<std::int32_t>(*token);
    }
  }
  return -1;
}

Result<void> check_vocabulary(const GgufFile& file) {
  RESIDENCY_TRY(const auto kind, file.text("tokenizer.ggml.model"));
  constexpr std::array<std::string_view, 3> kKinds{"gpt2", "llama", "bert"};
  bool known = false;
  for (const auto name : kKinds) known = known || name == kind;
  if (!known) {
    return invalid_input(fmt::format("tokenizer kind is not supported: tokenizer.ggml.model={}: {}",
                                     kind, file.name()));
  }
  const auto* tokens = list<std::string>(file, "tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->empty() || tokens->size() > (1u << 22)) {
    return invalid_input(fmt::format(
        "GGUF metadata is not a list of tokens: tokenizer.ggml.tokens: {}", file.name()));
  }
  RESIDENCY_TRY_VOID(check_tokens(file, *tokens, kind == "llama"));
  RESIDENCY_TRY_VOID(check_list_length(file, "tokenizer.ggml.scores", tokens->size()));
  RESIDENCY_TRY_VOID(check_list_length(file, "tokenizer.ggml.token_type", tokens->size()));
  if (kind == "gpt2" && list<std::string>(file, "tokenizer.ggml.merges") == nullptr) {
    return invalid_input(fmt::format(
        "GGUF metadata is not a list of merges: tokenizer.ggml.merges: {}", file.name()));
  }
  for (const auto* key :
       {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id"}) {
    if (!file.metadata().contains(key)) continue;
    RESIDENCY_TRY(const auto token, file.integer(key));
    if (token < 0 || token >= static_cast<std::int64_t>(tokens->size())) {
      return invalid_input(fmt::format("special token is outside the vocabulary: {}={}: {}", key,
                                       token, file.name()));
    }
  }
  return {};
}

}  // namespace residency::model
