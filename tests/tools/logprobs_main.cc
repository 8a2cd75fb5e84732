// Prints what llama.cpp and the trainer's forward pass say of a token sequence:
// logprobs MODEL.gguf TOKEN,TOKEN,... -> {"runtime": [...], "trainer": [...], "text": [...]}, each
// list [tokens * vocabulary]; with --encode TEXT in place of tokens: {"tokens": [...]}.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/json.h"
#include "infer/engine.h"
#include "model/tokenizer.h"
#include "train/train.h"

namespace {

using namespace residency;

Result<Json> say(const std::string& model, const std::string& words) {
  std::vector<std::int32_t> tokens;
  std::istringstream list(words);
  for (std::string word; std::getline(list, word, ',');) tokens.push_back(std::atoi(word.c_str()));
  infer::EngineOptions options;
  options.model_path = model;
  options.context_tokens = static_cast<int>(tokens.size());
  options.kv_cache_f32 = true;
  RESIDENCY_TRY(const auto engine, infer::Engine::open(options));
  RESIDENCY_TRY(const auto runtime, engine->all_logprobs(tokens));
  RESIDENCY_TRY(const auto trainer,
                train::forward_logprobs(model, nullptr, tokens, train::Precision::kFp32,
                                        train::Backend::kAuto));
  return Json{{"runtime", runtime}, {"trainer", trainer}};
}

Result<Json> encode(const std::string& model, const std::string& text) {
  RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(model));
  return Json{{"tokens", tokenizer->encode(text, false, true)}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const auto said = argc == 4 && std::strcmp(argv[2], "--encode") == 0 ? encode(argv[1], argv[3])
                                                                       : say(argv[1], argv[2]);
  if (!said.ok()) {
    std::fprintf(stderr, "%s\n", said.error().message().c_str());
    return 1;
  }
  std::printf("%s\n", said->dump().c_str());
  return 0;
}
