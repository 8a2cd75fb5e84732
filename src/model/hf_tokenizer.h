// HfTokenizer: a tokenizer.json as GGUF's vocabulary.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/gguf.h"

namespace residency::model {

/// The files of a checkpoint's tokenizer; `settings` is tokenizer_config.json, null where there is
/// none.
struct HfTokenizerFiles {
  Json tokenizer;
  Json settings;
  std::string chat_template;  // of chat_template.jinja, "" where there is none
};

/// GGUF keys of the vocabulary: tokens, kinds, merges or scores, special tokens, chat template.
/// `vocabulary` is the model's; missing tokens are filled with unused ones. kInvalidInput naming
/// `name` where the tokenizer is of a kind that llama.cpp has no exact equal of.
Result<std::map<std::string, GgufValue>> hf_vocabulary(const HfTokenizerFiles& files,
                                                       std::int64_t vocabulary,
                                                       const std::string& name);

}  // namespace residency::model
