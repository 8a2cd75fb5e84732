#include "model/hf_config.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <utility>

#include "model/family.h"
#include "model/lora_adapter.h"

namespace residency::model {
namespace {

constexpr std::int64_t kHeadDimensionMax = 4096;

struct HfFamily {
  std::string_view model_type;
  std::string_view architecture;
  bool tied = false;  // where the file is silent
};

constexpr HfFamily kFamilies[] = {
    {"llama", "llama"},
    {"mistral", "llama"},
    {"qwen2", "qwen2"},
    {"qwen3", "qwen3"},
    {"gemma", "gemma", true},
    {"gemma2", "gemma2", true},
    {"gemma3_text", "gemma3", true},
    {"phi3", "phi3"},
};

/// Reads fields; the first problem is kept.
class Fields {
 public:
  Fields(const Json& json, std::string name) : json_(json), name_(std::move(name)) {}

  std::int64_t count(const char* key, std::int64_t fallback = 0) {
    const Json& value = json_member(json_, key);
    if (value.is_null() && fallback > 0) return fallback;
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
        value.get<std::int64_t>() > (std::int64_t{1} << 32)) {
      refuse("is no number above 0", key);
      return 1;
    }
    return value.get<std::int64_t>();
  }
  double positive(const char* key, double fallback) {
    const Json& value = json_member(json_, key);
    if (value.is_null()) return fallback;
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>())) {
      refuse("is no number above 0", key);
      return fallback;
    }
    return value.get<double>();
  }
  void must_not(const char* key) {
    const Json& value = json_member(json_, key);
    if (!value.is_null() && value != false) refuse("is not supported", key);
  }
  void refuse(const std::string& what, const char* key) {
    if (problem_.empty()) problem_ = fmt::format("{} {}: {}", key, what, name_);
  }
  Result<void> finish() const {
    if (problem_.empty()) return {};
    return invalid_input(problem_);
  }
  const Json& json() const { return json_; }

 private:
  const Json& json_;
  std::string name_;
  std::string problem_;
};

const HfFamily* family_of(const Json& config) {
  for (const HfFamily& family : kFamilies) {
    if (json_text(config, "model_type") == family.model_type) return &family;
  }
  return nullptr;
}

std::string known_types() {
  std::string all;
  for (const HfFamily& family : kFamilies)
    all += (all.empty() ? "" : ", ") + std::string(family.model_type);
  return all;
}

/// Llama 3.1's frequency factors: Transformers, _compute_llama3_parameters.
std::vector<float> llama3_factors(const Json& scaling, double theta, std::int64_t dimension) {
  const double factor = json_number(scaling, "factor", 8);
  const double low = json_number(scaling, "low_freq_factor", 1);
  const double high = json_number(scaling, "high_freq_factor", 4);
  const double context = json_number(scaling, "original_max_position_embeddings", 8192);
  std::vector<float> factors;
  for (std::int64_t i = 0; i < dimension; i += 2) {
    const double frequency =
        std::pow(theta, -static_cast<double>(i) / static_cast<double>(dimension));
    const double length = 2 * std::numbers::pi / frequency;
    double value = 1;
    if (length > context / low) {
      value = factor;
    } else if (length >= context / high) {
      const double smooth = (context / length - low) / (high - low);
      value = 1 / ((1 - smooth) / factor + smooth);
    }
    factors.push_back(static_cast<float>(value));
  }
  return factors;
}

/// The part about full attention where the file has one for each kind of layer.
const Json& rope_section(const Json& config) {
  const Json& newer = json_member(config, "rope_parameters");
  if (!newer.is_object()) return json_member(config, "rope_scaling");
  const Json& full = json_member(newer, "full_attention");
  return full.is_object() ? full : newer;
}

void read_rope(Fields& fields, HfConfig& made) {
  const std::string prefix = made.config.architecture + ".";
  const Json& section = rope_section(fields.json());
  const double silent = made.config.architecture == "gemma3" ? 1e6 : 10000;
  made.config.rope_theta =
      fields.positive("rope_theta", json_number(section, "rope_theta", silent));
  made.metadata[prefix + "rope.freq_base"] = made.config.rope_theta;
  const std::string kind = json_text(section, "rope_type", json_text(section, "type", "default"));
  if (kind == "linear") {
    made.metadata[prefix + "rope.scaling.type"] = std::string("linear");
    made.metadata[prefix + "rope.scaling.factor"] = json_number(section, "factor", 1);
  } else if (kind == "llama3") {
    made.rope_factors = llama3_factors(section, made.config.rope_theta, made.config.head_dimension);
    made.config.rope_factors = true;
  } else if (kind != "default") {
    fields.refuse("is of a kind that is not supported (" + kind + ")", "rope_scaling");
  }
  if (json_number(fields.json(), "partial_rotary_factor", 1) != 1 ||
      json_number(section, "partial_rotary_factor", 1) != 1) {
    fields.refuse("of part of a head is not supported", "partial_rotary_factor");
  }
  const double local = fields.positive("rope_local_base_freq", 10000);
  if (made.config.architecture == "gemma3" && local != 10000)
    fields.refuse("is not 10000, as the family's GGUF takes it to be", "rope_local_base_freq");
}

/// Which layers look back only so far must be as the family has it.
void read_window(Fields& fields, HfConfig& made) {
  const std::string prefix = made.config.architecture + ".";
  const std::int64_t pattern = made.config.window_pattern;
  if (pattern <= 1) return;
  made.metadata[prefix + "attention.sliding_window"] =
      static_cast<std::uint64_t>(fields.count("sliding_window", 4096));
  const Json& types = json_member(fields.json(), "layer_types");
  for (std::size_t i = 0; types.is_array() && i < types.size(); ++i) {
    const bool windowed = static_cast<std::int64_t>(i) % pattern < pattern - 1;
    if (types[i] != (windowed ? "sliding_attention" : "full_attention"))
      fields.refuse("are in another order than the family's", "layer_types");
  }
  if (json_integer(fields.json(), "sliding_window_pattern", pattern) != pattern)
    fields.refuse("is not the family's", "sliding_window_pattern");
}

void read_gemma(Fields& fields, HfConfig& made) {
  const std::string& family = made.config.architecture;
  if (!family.starts_with("gemma")) return;
  made.norm_shift = 1;
  if (family == "gemma") return;
  const double expected = made.config.attention_scale > 0
                              ? 1 / (made.config.attention_scale * made.config.attention_scale)
                              : static_cast<double>(made.config.head_dimension);
  if (std::abs(fields.positive("query_pre_attn_scalar", expected) - expected) > 1e-6 * expected)
    fields.refuse("is not what the family's GGUF takes it to be", "query_pre_attn_scalar");
  if (family != "gemma2") {
    fields.must_not("attn_logit_softcapping");
    fields.must_not("final_logit_softcapping");
    return;
  }
  made.metadata["gemma2.attn_logit_softcapping"] = fields.positive("attn_logit_softcapping", 50);
  made.metadata["gemma2.final_logit_softcapping"] = fields.positive("final_logit_softcapping", 30);
}

void refuse_unsayable(Fields& fields, const LlamaConfig& config) {
  const Json& json = fields.json();
  const std::string activation =
      json_text(json, "hidden_activation", json_text(json, "hidden_act", ""));
  const bool gelu = activation.starts_with("gelu");
  if (!activation.empty() && (config.gate == GateFunction::kGelu ? !gelu : activation != "silu"))
    fields.refuse("is not the family's: " + activation, "hidden_act");
  for (const char* key : {"mlp_bias", "use_sliding_window", "quantization_config", "num_experts",
                          "num_local_experts"}) {
    fields.must_not(key);
  }
  if (!config.qkv_bias) fields.must_not("attention_bias");
}

void put_sizes(HfConfig& made) {
  const LlamaConfig& config = made.config;
  const std::string prefix = config.architecture + ".";
  const auto count = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  auto& keys = made.metadata;
  keys["general.architecture"] = config.architecture;
  keys["general.type"] = std::string("model");
  keys[prefix + "block_count"] = count(config.layers);
  keys[prefix + "context_length"] = count(config.context);
  keys[prefix + "embedding_length"] = count(config.embedding);
  keys[prefix + "feed_forward_length"] = count(config.feed_forward);
  keys[prefix + "attention.head_count"] = count(config.heads);
  keys[prefix + "attention.head_count_kv"] = count(config.kv_heads);
  keys[prefix + "attention.key_length"] = count(config.head_dimension);
  keys[prefix + "attention.value_length"] = count(config.head_dimension);
  keys[prefix + "attention.layer_norm_rms_epsilon"] =
      static_cast<double>(static_cast<float>(config.rms_epsilon));
  keys[prefix + "rope.dimension_count"] = count(config.head_dimension);
  keys[prefix + "vocab_size"] = count(config.vocabulary);
}

}  // namespace

Result<HfConfig> read_hf_config(const Json& json, const std::string& name) {
  const HfFamily* family = json.is_object() ? family_of(json) : nullptr;
  if (family == nullptr) {
    return invalid_input(
        fmt::format("model family is not supported (supported: {}): model_type={}: {}",
                    known_types(), json_text(json, "model_type"), name));
  }
  HfConfig made;
  LlamaConfig& config = made.config;
  Fields fields(json, name);
  config.architecture = family->architecture;
  config.layers = fields.count("num_hidden_layers");
  config.embedding = fields.count("hidden_size");
  config.feed_forward = fields.count("intermediate_size");
  config.heads = fields.count("num_attention_heads");
  config.kv_heads = fields.count("num_key_value_heads", config.heads);
  const bool gemma = config.architecture.starts_with("gemma");
  config.head_dimension = fields.count("head_dim", gemma ? 256 : config.embedding / config.heads);
  if (config.head_dimension > kHeadDimensionMax || config.head_dimension % 2 != 0)
    fields.refuse("is odd or too large", "head_dim");
  config.vocabulary = fields.count("vocab_size");
  config.context = fields.count("max_position_embeddings");
  config.rms_epsilon =
      fields.positive("rms_norm_eps", family->architecture == "phi3" ? 1e-5 : 1e-6);
  const Json& tied = json_member(json, "tie_word_embeddings");
  config.tied_head = tied.is_boolean() ? tied.get<bool>() : family->tied;
  set_family(config);
  put_sizes(made);
  RESIDENCY_TRY_VOID(fields.finish());
  read_rope(fields, made);
  read_window(fields, made);
  read_gemma(fields, made);
  refuse_unsayable(fields, config);
  RESIDENCY_TRY_VOID(fields.finish());
  return made;
}

std::string hf_tensor_name(const std::string& gguf, const LlamaConfig& config) {
  if (gguf == "token_embd.weight") return "model.embed_tokens.weight";
  if (gguf == "output_norm.weight") return "model.norm.weight";
  if (gguf == "output.weight") return "lm_head.weight";
  // "blk.3.attn_q.weight"
  const std::size_t layer_end = gguf.find('.', 4);
  const std::size_t part_end = gguf.rfind('.');
  const std::string layer = gguf.substr(4, layer_end - 4);
  const std::string part = gguf.substr(layer_end + 1, part_end - layer_end - 1);
  const std::string kind = gguf.substr(part_end);
  const auto named = [&](std::string_view hf) {
    return fmt::format("model.layers.{}.{}{}", layer, hf, kind);
  };
  for (const LoraTarget& target : lora_targets()) {
    if (target.gguf == part) return named(hf_name(target, config));
  }
  if (part == "attn_norm") return named("input_layernorm");
  if (part == "ffn_norm")
    return named(config.post_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm");
  if (part == "post_attention_norm") return named("post_attention_layernorm");
  if (part == "post_ffw_norm") return named("post_feedforward_layernorm");
  if (part == "attn_q_norm") return named("self_attn.q_norm");
  return named("self_attn.k_norm");
}

}  // namespace residency::model
