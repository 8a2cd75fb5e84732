#include "model/tokenizer.h"

#include <exception>
#include <fmt/format.h>
#include <limits>
#include <llama.h>
#include <utility>

#include "model/chat_template.h"
#include "model/gguf.h"
#include "model/llama_runtime.h"
#include "model/llama_vocabulary.h"

namespace residency::model {
namespace {

struct ModelDeleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
using ModelHandle = std::unique_ptr<llama_model, ModelDeleter>;

class LlamaTokenizer final : public Tokenizer {
 public:
  LlamaTokenizer(ModelHandle model, const GgufFile& file, std::string chat_template)
      : model_(std::move(model)),
        end_of_turn_(end_of_turn_token(file)),
        vocabulary_(llama_model_get_vocab(model_.get())),
        chat_template_(std::move(chat_template)) {}

  std::vector<std::int32_t> encode(std::string_view text, bool add_bos,
                                   bool parse_special) const override {
    return vocabulary_.encode(text, add_bos, parse_special);
  }
  std::string decode(const std::vector<std::int32_t>& tokens, bool with_special) const override {
    return vocabulary_.decode(tokens, with_special);
  }
  int vocabulary_size() const override { return vocabulary_.size(); }
  std::int32_t end_of_turn() const override { return end_of_turn_; }
  std::int32_t bos() const override { return vocabulary_.bos(); }
  bool add_bos() const override { return vocabulary_.add_bos(); }

  Result<std::string> render_chat(const std::vector<TemplateMessage>& messages,
                                  bool add_assistant) const override {
    return render_chat_template(chat_template_, messages, add_assistant);
  }

 private:
  ModelHandle model_;
  std::int32_t end_of_turn_;
  LlamaVocabulary vocabulary_;
  std::string chat_template_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::open(const std::string& gguf_path) {
  RESIDENCY_TRY(const auto file, GgufFile::open(gguf_path));
  RESIDENCY_TRY_VOID(check_vocabulary(*file));
  start_llama();
  auto params = llama_model_default_params();
  params.vocab_only = true;
  LlamaErrorScope errors;
  ModelHandle model;
  try {
    model.reset(llama_model_load_from_file(gguf_path.c_str(), params));
  } catch (const std::exception& error) {
    return invalid_input(
        fmt::format("llama.cpp cannot read the vocabulary: {}: {}", error.what(), gguf_path));
  }
  if (model == nullptr) {
    return invalid_input(
        fmt::format("llama.cpp cannot read the vocabulary: {}: {}", errors.last(), gguf_path));
  }
  std::string chat_template;
  if (auto held = file->text("tokenizer.chat_template"); held.ok()) chat_template = *held;
  std::unique_ptr<Tokenizer> tokenizer =
      std::make_unique<LlamaTokenizer>(std::move(model), *file, std::move(chat_template));
  return tokenizer;
}

}  // namespace residency::model
