#include "model/llama_config.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "model/family.h"
#include "model/llama_vocabulary.h"

namespace residency::model {
namespace {

/// Reads the keys of one architecture, remembering the first problem.
class KeyReader {
 public:
  KeyReader(const GgufFile& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  bool has(std::string_view key) const {
    return file_.metadata().contains(prefix_ + std::string(key));
  }

  std::int64_t integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) {
    const auto value = file_.integer(prefix_ + std::string(key));
    if (!value.ok()) {
      problem(value.error().message());
      return minimum;
    }
    if (*value < minimum || *value > maximum) {
      problem(fmt::format("GGUF metadata is not from {} to {}: {}{}={}: {}", minimum, maximum,
                          prefix_, key, *value, file_.name()));
      return minimum;
    }
    return *value;
  }

  std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t minimum,
                          std::int64_t maximum) {
    return has(key) ? integer(key, minimum, maximum) : fallback;
  }

  double positive(std::string_view key) {
    const auto value = file_.number(prefix_ + std::string(key));
    if (!value.ok()) {
      problem(value.error().message());
      return 1;
    }
    if (!std::isfinite(*value) || *value <= 0) {
      problem(fmt::format("GGUF metadata is not a positive number: {}{}: {}", prefix_, key,
                          file_.name()));
      return 1;
    }
    return *value;
  }

  void problem(std::string message) {
    if (problem_.empty()) problem_ = std::move(message);
  }

  Result<void> finish() const {
    if (problem_.empty()) return {};
    return invalid_input(problem_);
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
  std::string problem_;
};

void read_rope(const GgufFile& file, KeyReader& keys, LlamaConfig& config) {
  if (keys.has("rope.freq_base")) config.rope_theta = keys.positive("rope.freq_base");
  const auto rotated = keys.integer_or("rope.dimension_count", config.head_dimension, 1, 1 << 16);
  if (rotated != config.head_dimension) {
    keys.problem(fmt::format("rotary embedding of part of a head is not supported: {} of {}: {}",
                             rotated, config.head_dimension, file.name()));
  }
  config.rope_factors = file.find("rope_freqs.weight") != nullptr;
  if (!keys.has("rope.scaling.type")) {
    if (keys.has("rope.scale_linear")) config.rope_scale = 1 / keys.positive("rope.scale_linear");
    return;
  }
  const auto kind = file.text(config.architecture + ".rope.scaling.type");
  if (!kind.ok()) {
    keys.problem(kind.error().message());
  } else if (*kind == "linear") {
    config.rope_scale = 1 / keys.positive("rope.scaling.factor");
  } else if (*kind != "none") {
    keys.problem(fmt::format("rotary scaling is not supported: {}.rope.scaling.type={}: {}",
                             config.architecture, *kind, file.name()));
  }
}

/// What only some families' files say.
void read_window(KeyReader& keys, LlamaConfig& config) {
  const bool windows = config.window_pattern > 1;
  config.window =
      windows ? keys.integer_or("attention.sliding_window", 0, 0, 1 << 26) : std::int64_t{0};
  if (config.architecture == "gemma2") {
    // llama.cpp's defaults where the file is silent.
    config.attention_softcap =
        keys.has("attn_logit_softcapping") ? keys.positive("attn_logit_softcapping") : 50;
    config.final_softcap =
        keys.has("final_logit_softcapping") ? keys.positive("final_logit_softcapping") : 30;
    if (!keys.has("attention.sliding_window")) config.window = 4096;
  }
}

std::int64_t vocabulary_size(const GgufFile& file) {
  const auto found = file.metadata().find("tokenizer.ggml.tokens");
  if (found == file.metadata().end()) return 0;
  const auto* array = std::get_if<GgufArray>(&found->second);
  const auto* tokens = array == nullptr ? nullptr : std::get_if<std::vector<std::string>>(array);
  return tokens == nullptr ? 0 : static_cast<std::int64_t>(tokens->size());
}

void read_heads(const GgufFile& file, KeyReader& keys, LlamaConfig& config) {
  config.heads = keys.integer("attention.head_count", 1, 1024);
  config.kv_heads = keys.integer_or("attention.head_count_kv", config.heads, 1, 1024);
  if (config.heads % config.kv_heads != 0) {
    keys.problem(fmt::format("heads are not a multiple of key/value heads: {} and {}: {}",
                             config.heads, config.kv_heads, file.name()));
  }
  if (!keys.has("attention.key_length") && config.embedding % config.heads != 0) {
    keys.problem(fmt::format("embedding is not a multiple of heads: {} and {}: {}",
                             config.embedding, config.heads, file.name()));
  }
  config.head_dimension =
      keys.integer_or("attention.key_length", config.embedding / config.heads, 2, 4096);
  const auto values = keys.integer_or("attention.value_length", config.head_dimension, 2, 4096);
  if (values != config.head_dimension || config.head_dimension % 2 != 0) {
    keys.problem(fmt::format("head dimensions are not even and equal: keys {}, values {}: {}",
                             config.head_dimension, values, file.name()));
  }
}

}  // namespace

std::string block_tensor(std::int64_t layer, std::string_view part) {
  return fmt::format("blk.{}.{}.weight", layer, part);
}

std::string block_bias(std::int64_t layer, std::string_view part) {
  return fmt::format("blk.{}.{}.bias", layer, part);
}

double LlamaConfig::scale_of_scores() const {
  return attention_scale > 0 ? attention_scale
                             : 1.0 / std::sqrt(static_cast<double>(head_dimension));
}

Result<LlamaConfig> LlamaConfig::from_gguf(const GgufFile& file) {
  LlamaConfig config;
  RESIDENCY_TRY(config.architecture, file.text("general.architecture"));
  if (!is_known_family(config.architecture)) {
    return invalid_input(fmt::format(
        "model family is not supported yet (supported: {}): general.architecture={}: {}",
        known_families(), config.architecture, file.name()));
  }
  KeyReader keys(file, config.architecture + ".");
  config.layers = keys.integer("block_count", 1, 512);
  config.embedding = keys.integer("embedding_length", 1, 1 << 17);
  config.feed_forward = keys.integer("feed_forward_length", 1, 1 << 20);
  config.context = keys.integer("context_length", 1, 1 << 26);
  config.rms_epsilon = keys.positive("attention.layer_norm_rms_epsilon");
  read_heads(file, keys, config);
  read_rope(file, keys, config);
  if (keys.integer_or("expert_count", 0, 0, 1 << 16) != 0) {
    keys.problem(fmt::format("mixture of experts is not supported yet: {}.expert_count: {}",
                             config.architecture, file.name()));
  }
  if (file.metadata().contains("split.count") && file.integer("split.count").ok() &&
      *file.integer("split.count") > 1) {
    keys.problem(fmt::format("model is split over several files: split.count: {}", file.name()));
  }
  config.vocabulary = vocabulary_size(file);
  const auto stated = keys.integer_or("vocab_size", config.vocabulary, 1, 1 << 22);
  if (stated != config.vocabulary) {
    keys.problem(fmt::format("vocabulary is {} tokens, {}.vocab_size says {}: {}",
                             config.vocabulary, config.architecture, stated, file.name()));
  }
  config.tied_head = file.find("output.weight") == nullptr;
  set_family(config);
  read_window(keys, config);
  for (const char* unread : {"rope_factors_long.weight", "rope_factors_short.weight"}) {
    if (file.find(unread) != nullptr)
      keys.problem(fmt::format("rotary scaling by long and short factors is not supported: {}: {}",
                               unread, file.name()));
  }
  RESIDENCY_TRY_VOID(keys.finish());
  return config;
}

std::vector<ExpectedTensor> expected_tensors(const LlamaConfig& config) {
  const auto d = config.embedding;
  const auto q = config.heads * config.head_dimension;
  const auto kv = config.kv_heads * config.head_dimension;
  const auto ff = config.feed_forward;
  std::vector<ExpectedTensor> tensors;
  tensors.push_back({"token_embd.weight", {d, config.vocabulary}});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const auto add = [&](const char* part, std::vector<std::int64_t> shape) {
      tensors.push_back({block_tensor(i, part), std::move(shape)});
    };
    add("attn_norm", {d});
    add("ffn_down", {ff, d});
    if (!config.fused) add("ffn_gate", {d, ff});
    add("ffn_up", {d, config.fused ? 2 * ff : ff});
    add("ffn_norm", {d});
    add("attn_output", {q, d});
    if (config.fused) {
      add("attn_qkv", {d, q + 2 * kv});
    } else {
      add("attn_k", {d, kv});
      add("attn_q", {d, q});
      add("attn_v", {d, kv});
    }
    if (config.qkv_bias) {
      tensors.push_back({block_bias(i, "attn_k"), {kv}});
      tensors.push_back({block_bias(i, "attn_q"), {q}});
      tensors.push_back({block_bias(i, "attn_v"), {kv}});
    }
    if (config.qk_norm) {
      add("attn_k_norm", {config.head_dimension});
      add("attn_q_norm", {config.head_dimension});
    }
    if (config.post_norms) {
      add("post_attention_norm", {d});
      add("post_ffw_norm", {d});
    }
  }
  tensors.push_back({"output_norm.weight", {d}});
  if (!config.tied_head) tensors.push_back({"output.weight", {d, config.vocabulary}});
  if (config.rope_factors) tensors.push_back({"rope_freqs.weight", {config.head_dimension / 2}});
  return tensors;
}

Result<LlamaConfig> verify_gguf(const GgufFile& file) {
  RESIDENCY_TRY(auto config, LlamaConfig::from_gguf(file));
  RESIDENCY_TRY_VOID(check_vocabulary(file));
  const auto expected = expected_tensors(config);
  for (const auto& wanted : expected) {
    const auto* tensor = file.find(wanted.name);
    if (tensor == nullptr) {
      return invalid_input(fmt::format("tensor is missing: {}: {}", wanted.name, file.name()));
    }
    if (tensor->shape != wanted.shape) {
      return invalid_input(fmt::format("tensor's shape is not [{}] but [{}]: {}: {}",
                                       fmt::join(wanted.shape, ","), fmt::join(tensor->shape, ","),
                                       wanted.name, file.name()));
    }
  }
  if (file.tensors().size() == expected.size()) return config;
  for (const auto& tensor : file.tensors()) {
    const bool known = std::any_of(expected.begin(), expected.end(),
                                   [&](const auto& wanted) { return wanted.name == tensor.name; });
    if (!known) {
      return invalid_input(fmt::format("tensor is not one of a {} model's: {}: {}",
                                       config.architecture, tensor.name, file.name()));
    }
  }
  return config;
}

Result<LlamaConfig> verify_gguf(const std::string& path) {
  RESIDENCY_TRY(const auto file, GgufFile::open(path));
  return verify_gguf(*file);
}

}  // namespace residency::model
