#include "model/hf_tokenizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <utility>
#include <vector>

namespace residency::model {
namespace {

// Kinds of tokens: llama.h, enum llama_token_type.
constexpr std::int64_t kNormal = 1;
constexpr std::int64_t kUnknown = 2;
constexpr std::int64_t kControl = 3;
constexpr std::int64_t kUserDefined = 4;
constexpr std::int64_t kUnused = 5;
constexpr std::int64_t kByte = 6;

constexpr std::size_t kTokensMax = 1u << 22;

/// How llama.cpp calls a way of splitting text, by the pattern that tokenizer.json splits with.
struct Splitting {
  std::string_view pattern;
  std::string_view name;
};
constexpr Splitting kSplittings[] = {
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "llama-bpe"},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "qwen2"},
};

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<std::int64_t> kinds;

  std::int64_t find(std::string_view token) const {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    return found == tokens.end() ? -1 : found - tokens.begin();
  }
};

bool is_byte_token(std::string_view token) {
  return token.size() == 6 && token.starts_with("<0x") && token.ends_with('>');
}

/// The steps of a pre-tokenizer or decoder, whether one or a sequence.
std::vector<const Json*> steps_of(const Json& section, std::string_view list) {
  std::vector<const Json*> steps;
  const Json& many = json_member(section, list);
  if (many.is_array()) {
    for (const Json& one : many) steps.push_back(&one);
  } else if (section.is_object()) {
    steps.push_back(&section);
  }
  return steps;
}

bool has_step(const Json& section, std::string_view list, std::string_view type) {
  const auto steps = steps_of(section, list);
  return std::any_of(steps.begin(), steps.end(),
                     [&](const Json* step) { return json_text(*step, "type") == type; });
}

Result<std::string> splitting_of(const Json& tokenizer, const std::string& name) {
  const Json& section = json_member(tokenizer, "pre_tokenizer");
  const auto steps = steps_of(section, "pretokenizers");
  std::string types;
  for (const Json* step : steps) {
    types += json_text(*step, "type") + " ";
    const std::string pattern = json_text(json_member(*step, "pattern"), "Regex");
    for (const Splitting& splitting : kSplittings) {
      if (pattern == splitting.pattern) return std::string(splitting.name);
    }
  }
  if (types == "Digits ByteLevel " && json_flag(*steps[0], "individual_digits"))
    return std::string("smollm");
  if (types == "ByteLevel " && json_flag(*steps[0], "use_regex", true)) return std::string("gpt-2");
  return invalid_input(fmt::format(
      "pre_tokenizer splits text in a way that is not known (steps: {}): {}", types, name));
}

Result<Vocabulary> read_tokens(const Json& tokenizer, std::int64_t wanted,
                               const std::string& name) {
  Vocabulary vocabulary;
  const auto size = static_cast<std::size_t>(wanted);
  if (size > kTokensMax) return invalid_input("the vocabulary is too large: " + name);
  vocabulary.tokens.resize(size);
  vocabulary.kinds.assign(size, kNormal);
  const Json& model = json_member(tokenizer, "model");
  const Json& listed = json_member(model, "vocab");
  if (!listed.is_object())
    return invalid_input("model.vocab is no object of tokens and numbers: " + name);
  const auto place = [&](const Json& id) -> Result<std::size_t> {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() >= wanted) {
      return invalid_input(
          fmt::format("a token's number is not below config.json's vocab_size {}: {}", size, name));
    }
    return static_cast<std::size_t>(id.get<std::int64_t>());
  };
  const bool bytes = json_flag(model, "byte_fallback");
  for (const auto& [token, id] : listed.items()) {
    RESIDENCY_TRY(const std::size_t at, place(id));
    vocabulary.tokens[at] = token;
    if (bytes && is_byte_token(token)) vocabulary.kinds[at] = kByte;
  }
  const Json& added = json_member(tokenizer, "added_tokens");
  for (std::size_t i = 0; added.is_array() && i < added.size(); ++i) {
    RESIDENCY_TRY(const std::size_t at, place(json_member(added[i], "id")));
    vocabulary.tokens[at] = json_text(added[i], "content");
    if (vocabulary.kinds[at] != kByte)
      vocabulary.kinds[at] = json_flag(added[i], "special") ? kControl : kUserDefined;
  }
  if (const std::int64_t unknown = vocabulary.find(json_text(model, "unk_token", "<unk>"));
      bytes && unknown >= 0) {
    vocabulary.kinds[static_cast<std::size_t>(unknown)] = kUnknown;
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (!vocabulary.tokens[i].empty()) continue;
    vocabulary.tokens[i] = fmt::format("[PAD{}]", i);
    vocabulary.kinds[i] = kUnused;
  }
  return vocabulary;
}

/// "a b" of each merge, written as such or as a pair.
Result<std::vector<std::string>> read_merges(const Json& model, const std::string& name) {
  const Json& listed = json_member(model, "merges");
  if (!listed.is_array()) return invalid_input("model.merges is no list: " + name);
  std::vector<std::string> merges;
  merges.reserve(listed.size());
  for (const Json& merge : listed) {
    if (merge.is_string()) {
      merges.push_back(merge.get<std::string>());
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    } else {
      return invalid_input("a merge of model.merges is no pair of tokens: " + name);
    }
    if (std::count(merges.back().begin(), merges.back().end(), ' ') != 1)
      return invalid_input("a merge of model.merges holds a space: " + name);
  }
  return merges;
}

/// SentencePiece joins where the token that comes out has the highest score; the merges' order says
/// the same, the first being the best.
std::vector<double> scores_of(const Vocabulary& vocabulary,
                              const std::vector<std::string>& merges) {
  std::map<std::string, std::size_t> rank;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    std::string joined = merges[i];
    joined.erase(joined.find(' '), 1);
    rank.emplace(std::move(joined), i);  // the first counts
  }
  std::vector<double> scores(vocabulary.tokens.size(), 0.0);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (vocabulary.kinds[i] != kNormal) continue;
    const auto found = rank.find(vocabulary.tokens[i]);
    scores[i] = found == rank.end() ? -1e9 : -static_cast<double>(found->second + 1);
  }
  return scores;
}

/// The text of a special token, given as such or as an object.
std::string special_text(const Json& settings, std::string_view key) {
  const Json& value = json_member(settings, key);
  return value.is_object() ? json_text(value, "content") : json_text(settings, key);
}

/// Whether the tokenizer itself puts a beginning before a text.
bool adds_bos(const HfTokenizerFiles& files, const std::string& bos) {
  const Json& said = json_member(files.settings, "add_bos_token");
  if (said.is_boolean()) return said.get<bool>();
  const Json& post = json_member(files.tokenizer, "post_processor");
  for (const Json* step : steps_of(post, "processors")) {
    const Json& single = json_member(*step, "single");
    if (!single.is_array() || single.empty()) continue;
    if (json_text(json_member(single[0], "SpecialToken"), "id") == bos && !bos.empty()) return true;
  }
  return false;
}

void put_special_tokens(const HfTokenizerFiles& files, const Vocabulary& vocabulary,
                        std::map<std::string, GgufValue>& metadata) {
  const auto put = [&](const char* key, std::string_view token) {
    const std::int64_t id = token.empty() ? -1 : vocabulary.find(token);
    if (id >= 0) metadata[key] = static_cast<std::uint64_t>(id);
    return id >= 0;
  };
  const std::string bos = special_text(files.settings, "bos_token");
  put("tokenizer.ggml.bos_token_id", bos);
  put("tokenizer.ggml.eos_token_id", special_text(files.settings, "eos_token"));
  put("tokenizer.ggml.unknown_token_id", special_text(files.settings, "unk_token"));
  put("tokenizer.ggml.padding_token_id", special_text(files.settings, "pad_token"));
  for (const char* end : {"<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>"}) {
    if (put("tokenizer.ggml.eot_token_id", end)) break;
  }
  metadata["tokenizer.ggml.add_bos_token"] = adds_bos(files, bos);
  metadata["tokenizer.ggml.add_eos_token"] = json_flag(files.settings, "add_eos_token");
}

std::string chat_template_of(const HfTokenizerFiles& files) {
  if (!files.chat_template.empty()) return files.chat_template;
  const Json& said = json_member(files.settings, "chat_template");
  if (said.is_string()) return said.get<std::string>();
  for (std::size_t i = 0; said.is_array() && i < said.size(); ++i) {
    if (json_text(said[i], "name") == "default") return json_text(said[i], "template");
  }
  return "";
}

}  // namespace

Result<std::map<std::string, GgufValue>> hf_vocabulary(const HfTokenizerFiles& files,
                                                       std::int64_t vocabulary,
                                                       const std::string& name) {
  const Json& model = json_member(files.tokenizer, "model");
  if (json_text(model, "type", "BPE") != "BPE" || !model.is_object())
    return invalid_input("the tokenizer's model is no BPE: " + name);
  RESIDENCY_TRY(Vocabulary tokens, read_tokens(files.tokenizer, vocabulary, name));
  RESIDENCY_TRY(auto merges, read_merges(model, name));
  std::map<std::string, GgufValue> metadata;
  const bool byte_level =
      has_step(json_member(files.tokenizer, "pre_tokenizer"), "pretokenizers", "ByteLevel");
  if (byte_level) {
    RESIDENCY_TRY(const std::string splitting, splitting_of(files.tokenizer, name));
    metadata["tokenizer.ggml.model"] = std::string("gpt2");
    metadata["tokenizer.ggml.pre"] = splitting;
    metadata["tokenizer.ggml.merges"] = GgufArray(std::move(merges));
  } else if (json_flag(model, "byte_fallback")) {
    metadata["tokenizer.ggml.model"] = std::string("llama");
    metadata["tokenizer.ggml.pre"] = std::string("default");
    metadata["tokenizer.ggml.scores"] = GgufArray(scores_of(tokens, merges));
    const Json& normalizer = json_member(files.tokenizer, "normalizer");
    const Json& pre = json_member(files.tokenizer, "pre_tokenizer");
    const bool prepends = has_step(normalizer, "normalizers", "Prepend") ||
                          (json_text(pre, "type") == "Metaspace" &&
                           json_text(pre, "prepend_scheme", "always") != "never");
    metadata["tokenizer.ggml.add_space_prefix"] = prepends;
  } else {
    return invalid_input("the tokenizer is neither byte-level nor falls back to bytes: " + name);
  }
  put_special_tokens(files, tokens, metadata);
  if (std::string text = chat_template_of(files); !text.empty())
    metadata["tokenizer.chat_template"] = std::move(text);
  metadata["tokenizer.ggml.tokens"] = GgufArray(std::move(tokens.tokens));
  metadata["tokenizer.ggml.token_type"] = GgufArray(std::move(tokens.kinds));
  return metadata;
}

}  // namespace residency::model
