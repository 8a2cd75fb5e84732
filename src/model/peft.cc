#include "model/peft.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "base/json.h"
#include "model/safetensors.h"

namespace residency::model {
namespace {

constexpr std::uint64_t kWeightsBytesMax = 4ull << 30;
constexpr std::uint64_t kConfigBytesMax = 1u << 20;

/// True where GGUF holds the projection's rows in another order than Hugging Face.
bool is_permuted(const LoraTarget& target, const LlamaConfig& config) {
  return config.rotary_pairs == RotaryPairs::kNeighbours &&
         (target.gguf == "attn_q" || target.gguf == "attn_k");
}

std::string peft_name(const LoraPlace& place, const LlamaConfig& config, char side) {
  return fmt::format("base_model.model.model.layers.{}.{}.lora_{}.weight", place.layer,
                     hf_name(place.target, config), side);
}

std::string magnitude_name(const LoraPlace& place, const LlamaConfig& config) {
  return fmt::format("base_model.model.model.layers.{}.{}.lora_magnitude_vector", place.layer,
                     hf_name(place.target, config));
}

/// Rows of a rotated projection's B, from GGUF to Hugging Face order or back.
std::vector<float> permute_rows(const std::vector<float>& b, std::int64_t rank,
                                std::int64_t head_dimension, bool to_hf) {
  const auto width = static_cast<std::size_t>(rank);
  std::vector<float> permuted(b.size());
  for (std::size_t row = 0; row < b.size() / width; ++row) {
    const auto other =
        static_cast<std::size_t>(hf_row(static_cast<std::int64_t>(row), head_dimension));
    const std::size_t from = to_hf ? row : other;
    const std::size_t to = to_hf ? other : row;
    std::copy_n(b.begin() + static_cast<std::ptrdiff_t>(from * width), width,
                permuted.begin() + static_cast<std::ptrdiff_t>(to * width));
  }
  return permuted;
}

/// "q_proj" of "self_attn.q_proj".
std::string module_name(std::string_view hf) { return std::string(hf.substr(hf.rfind('.') + 1)); }

std::string peft_config(const LoraAdapter& adapter, const std::set<std::string>& targets,
                        const std::string& base_model) {
  Json config;
  config["peft_type"] = "LORA";
  config["task_type"] = "CAUSAL_LM";
  config["auto_mapping"] = nullptr;
  config["base_model_name_or_path"] = base_model;
  config["revision"] = nullptr;
  config["inference_mode"] = true;
  config["r"] = adapter.rank;
  if (adapter.alpha == std::floor(adapter.alpha)) {
    config["lora_alpha"] = static_cast<std::int64_t>(adapter.alpha);
  } else {
    config["lora_alpha"] = adapter.alpha;
  }
  config["lora_dropout"] = 0.0;
  config["target_modules"] = targets;
  config["bias"] = "none";
  config["fan_in_fan_out"] = false;
  config["init_lora_weights"] = true;
  config["modules_to_save"] = nullptr;
  config["layers_to_transform"] = nullptr;
  config["layers_pattern"] = nullptr;
  config["rank_pattern"] = Json::object();
  config["alpha_pattern"] = Json::object();
  config["use_rslora"] = false;
  config["use_dora"] = adapter.is_dora();
  return config.dump(2) + "\n";
}

bool is_set(const Json& config, std::string_view key) {
  const Json& value = json_member(config, key);
  return !(value.is_null() || value == false || value.empty());
}

/// Rank and alpha of a config whose method is LoRA or DoRA.
Result<void> read_peft_config(const std::string& text, const std::string& name,
                              LoraAdapter& adapter, bool& dora) {
  const auto refuse = [&](std::string_view what) {
    return invalid_input(fmt::format("{}: {}/{}", what, name, kPeftConfigFile));
  };
  const auto config = parse_json(text);
  if (!config.ok() || !config->is_object()) return refuse("file is not a JSON object");
  if (json_text(*config, "peft_type") != "LORA") return refuse("peft_type is not LORA");
  if (json_text(*config, "bias", "none") != "none")
    return refuse("trained biases are not supported");
  for (const auto* key : {"fan_in_fan_out", "modules_to_save", "rank_pattern", "alpha_pattern",
                          "lora_bias", "trainable_token_indices"}) {
    if (is_set(*config, key)) return refuse(fmt::format("{} is not supported", key));
  }
  if (!json_member(*config, "r").is_number_integer()) return refuse("r is not a whole number");
  if (!json_member(*config, "lora_alpha").is_number()) return refuse("lora_alpha is not a number");
  adapter.rank = json_integer(*config, "r");
  adapter.alpha = json_number(*config, "lora_alpha");
  if (adapter.rank < 1 || adapter.rank > kLoraRankMax) {
    return refuse(fmt::format("r is not from 1 to {}", kLoraRankMax));
  }
  dora = json_flag(*config, "use_dora");
  // Rank-stabilised LoRA scales by alpha / sqrt(r) (Kalajdzievski 2023).
  if (json_flag(*config, "use_rslora")) {
    adapter.alpha *= std::sqrt(static_cast<double>(adapter.rank));
  }
  return {};
}

/// One tensor of a module from the file; counts it, so that foreign tensors are noticed.
Result<std::vector<float>> read_part(const SafetensorsFile& file, const std::string& name,
                                     std::vector<std::int64_t> shape, std::size_t& used) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) {
    return invalid_input(fmt::format("tensor is missing: {}: {}", name, file.name()));
  }
  if (found->second.shape != shape) {
    return invalid_input(fmt::format("tensor's shape is not [{}] but [{}]: {}: {}",
                                     fmt::join(shape, ","), fmt::join(found->second.shape, ","),
                                     name, file.name()));
  }
  ++used;
  return file.to_f32(name);
}

}  // namespace

std::int64_t hf_row(std::int64_t row, std::int64_t head_dimension) {
  const std::int64_t head = row / head_dimension;
  const std::int64_t within = row % head_dimension;
  return head * head_dimension + (within % 2) * (head_dimension / 2) + within / 2;
}

Result<PeftFiles> export_peft(const LoraAdapter& adapter, const LlamaConfig& config,
                              const std::string& base_model) {
  RESIDENCY_TRY_VOID(check_lora(adapter, config));
  std::map<std::string, SafetensorsTensor> tensors;
  std::set<std::string> targets;
  for (const auto& module : adapter.modules) {
    RESIDENCY_TRY(const auto place, lora_place(module.tensor));
    targets.insert(module_name(hf_name(place.target, config)));
    tensors[peft_name(place, config, 'A')] = {{adapter.rank, module.in}, module.a};
    tensors[peft_name(place, config, 'B')] = {
        {module.out, adapter.rank},
        is_permuted(place.target, config)
            ? permute_rows(module.b, adapter.rank, config.head_dimension, true)
            : module.b};
    if (module.magnitude.empty()) continue;
    tensors[magnitude_name(place, config)] = {
        {module.out},
        is_permuted(place.target, config)
            ? permute_rows(module.magnitude, 1, config.head_dimension, true)
            : module.magnitude};
  }
  PeftFiles files;
  RESIDENCY_TRY(files.weights, write_safetensors(tensors, {{"format", "pt"}}));
  files.config = peft_config(adapter, targets, base_model);
  return files;
}

Result<LoraAdapter> import_peft(const PeftFiles& files, const LlamaConfig& config,
                                const std::string& name) {
  LoraAdapter adapter;
  bool dora = false;
  RESIDENCY_TRY_VOID(read_peft_config(files.config, name, adapter, dora));
  RESIDENCY_TRY(const auto file, SafetensorsFile::parse(
                                     files.weights, fmt::format("{}/{}", name, kPeftWeightsFile)));
  std::size_t used = 0;
  for (const auto& expected : expected_tensors(config)) {
    const auto place = lora_place(expected.name);
    if (!place.ok() || !file.tensors().contains(peft_name(*place, config, 'A'))) continue;
    LoraModule module;
    module.tensor = expected.name;
    module.in = expected.shape[0];
    module.out = expected.shape[1];
    RESIDENCY_TRY(module.a,
                  read_part(file, peft_name(*place, config, 'A'), {adapter.rank, module.in}, used));
    RESIDENCY_TRY(module.b, read_part(file, peft_name(*place, config, 'B'),
                                      {module.out, adapter.rank}, used));
    if (dora) {
      RESIDENCY_TRY(module.magnitude,
                    read_part(file, magnitude_name(*place, config), {module.out}, used));
    }
    if (is_permuted(place->target, config)) {
      module.b = permute_rows(module.b, adapter.rank, config.head_dimension, false);
      if (dora) module.magnitude = permute_rows(module.magnitude, 1, config.head_dimension, false);
    }
    adapter.modules.push_back(std::move(module));
  }
  if (used != file.tensors().size()) {
    return invalid_input(fmt::format(
        "file holds tensors that are no LoRA of the base model's projections: {} of {}: {}",
        file.tensors().size() - used, file.tensors().size(), file.name()));
  }
  RESIDENCY_TRY_VOID(check_lora(adapter, config));
  return adapter;
}

Result<void> write_peft_folder(Env& env, const PeftFiles& files, const std::string& folder) {
  RESIDENCY_TRY_VOID(env.make_directories(folder));
  RESIDENCY_TRY_VOID(
      env.write_file_atomic(fmt::format("{}/{}", folder, kPeftWeightsFile), files.weights));
  return env.write_file_atomic(fmt::format("{}/{}", folder, kPeftConfigFile), files.config);
}

Result<PeftFiles> read_peft_folder(Env& env, const std::string& folder) {
  PeftFiles files;
  RESIDENCY_TRY(files.weights,
                env.read_file(fmt::format("{}/{}", folder, kPeftWeightsFile), kWeightsBytesMax));
  RESIDENCY_TRY(files.config,
                env.read_file(fmt::format("{}/{}", folder, kPeftConfigFile), kConfigBytesMax));
  return files;
}

}  // namespace residency::model
