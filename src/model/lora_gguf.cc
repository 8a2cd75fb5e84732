#include "model/lora_gguf.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <ggml.h>

#include "model/gguf_index.h"

namespace residency::model {
namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";

Result<void> check_text(const GgufFile& adapter, std::string_view key, std::string_view wanted) {
  RESIDENCY_TRY(const auto value, adapter.text(key));
  if (value == wanted) return {};
  return invalid_input(
      fmt::format("adapter metadata is not '{}': {}={}: {}", wanted, key, value, adapter.name()));
}

/// llama.cpp aborts unless alpha is stored as f32, and reads an absent one as "do not scale".
Result<void> check_alpha(const GgufFile& adapter) {
  constexpr std::string_view kKey = "adapter.lora.alpha";
  RESIDENCY_TRY(const double alpha, adapter.number(kKey));
  std::uint32_t type = 0;
  const auto encoded = adapter.encoded_value(kKey);
  std::memcpy(&type, encoded.data(), sizeof type);
  if (type != static_cast<std::uint32_t>(GgufType::kFloat32) || !std::isfinite(alpha) ||
      alpha <= 0) {
    return invalid_input(
        fmt::format("adapter metadata is not a positive f32: {}: {}", kKey, adapter.name()));
  }
  return {};
}

Result<void> check_pair(const GgufFile& adapter, const GgufFile& base, const GgufTensor& a) {
  const std::string target = a.name.substr(0, a.name.size() - kSuffixA.size());
  const auto* b = adapter.find(target + std::string(kSuffixB));
  const auto* weight = base.find(target);
  if (b == nullptr) {
    return invalid_input(
        fmt::format("adapter tensor has no lora_b: {}: {}", a.name, adapter.name()));
  }
  if (weight == nullptr || weight->shape.size() != 2 || target == "token_embd.weight") {
    return invalid_input(fmt::format(
        "adapter tensor's target is no matrix of the base model: {}: {}", a.name, adapter.name()));
  }
  const bool fits = a.shape.size() == 2 && b->shape.size() == 2 && a.shape[1] == b->shape[0] &&
                    a.shape[0] == weight->shape[0] && b->shape[1] == weight->shape[1];
  if (!fits) {
    return invalid_input(
        fmt::format("adapter tensors [{}] and [{}] do not fit the base model's [{}]: {}: {}",
                    fmt::join(a.shape, ","), fmt::join(b->shape, ","),
                    fmt::join(weight->shape, ","), a.name, adapter.name()));
  }
  return {};
}

}  // namespace

Result<void> verify_lora_gguf(const GgufFile& adapter, const GgufFile& base) {
  RESIDENCY_TRY_VOID(check_text(adapter, "general.type", "adapter"));
  RESIDENCY_TRY_VOID(check_text(adapter, "adapter.type", "lora"));
  RESIDENCY_TRY(const auto architecture, base.text("general.architecture"));
  RESIDENCY_TRY_VOID(check_text(adapter, "general.architecture", architecture));
  RESIDENCY_TRY_VOID(check_alpha(adapter));
  if (adapter.metadata().contains("adapter.alora.invocation_tokens")) {
    return invalid_input(
        fmt::format("adapters with invocation tokens are not supported: {}", adapter.name()));
  }
  if (adapter.tensors().empty()) {
    return invalid_input(fmt::format("adapter has no tensors: {}", adapter.name()));
  }
  for (const auto& tensor : adapter.tensors()) {
    const std::string_view name = tensor.name;
    if (tensor.type != GGML_TYPE_F32 && tensor.type != GGML_TYPE_F16 &&
        tensor.type != GGML_TYPE_BF16) {
      return invalid_input(
          fmt::format("adapter tensor is not F32, F16 or BF16: {}: {}", name, adapter.name()));
    }
    if (name.ends_with(kSuffixA)) {
      RESIDENCY_TRY_VOID(check_pair(adapter, base, tensor));
    } else if (!name.ends_with(kSuffixB) ||
               adapter.find(tensor.name.substr(0, name.size() - kSuffixB.size()) +
                            std::string(kSuffixA)) == nullptr) {
      return invalid_input(
          fmt::format("adapter tensor is not one of a pair: {}: {}", name, adapter.name()));
    }
  }
  return {};
}

namespace {

constexpr std::string_view kBaseKey = "residency.adapter.base_sha256";

std::string float_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

Result<std::string> write_lora_gguf(const LoraAdapter& adapter, const LlamaConfig& config) {
  RESIDENCY_TRY_VOID(check_lora(adapter, config));
  if (adapter.is_dora()) {
    return invalid_argument("GGUF adapters cannot hold DoRA's magnitudes: merge the adapter");
  }
  std::map<std::string, GgufValue> metadata;
  metadata["general.type"] = std::string("adapter");
  metadata["general.architecture"] = config.architecture;
  metadata["general.file_type"] = std::uint64_t{0};
  metadata["adapter.type"] = std::string("lora");
  metadata["adapter.lora.alpha"] = static_cast<double>(static_cast<float>(adapter.alpha));
  if (!adapter.base_sha256.empty()) metadata[std::string(kBaseKey)] = adapter.base_sha256;
  std::vector<GgufTensorData> tensors;
  for (const auto* module : sorted_modules(adapter)) {
    tensors.push_back({module->tensor + std::string(kSuffixA),
                       {module->in, adapter.rank},
                       GGML_TYPE_F32,
                       float_bytes(module->a)});
    tensors.push_back({module->tensor + std::string(kSuffixB),
                       {adapter.rank, module->out},
                       GGML_TYPE_F32,
                       float_bytes(module->b)});
  }
  return write_gguf(metadata, tensors);
}

Result<LoraAdapter> read_lora_gguf(const GgufFile& adapter, const GgufFile& base) {
  RESIDENCY_TRY_VOID(verify_lora_gguf(adapter, base));
  LoraAdapter read;
  RESIDENCY_TRY(read.alpha, adapter.number("adapter.lora.alpha"));
  if (auto digest = adapter.text(kBaseKey); digest.ok()) read.base_sha256 = *digest;
  for (const auto& tensor : adapter.tensors()) {
    if (!tensor.name.ends_with(kSuffixA)) continue;
    LoraModule module;
    module.tensor = tensor.name.substr(0, tensor.name.size() - kSuffixA.size());
    const auto* b = adapter.find(module.tensor + std::string(kSuffixB));
    module.in = tensor.shape[0];
    module.out = b->shape[1];
    if (read.rank != 0 && read.rank != tensor.shape[1]) {
      return invalid_input(fmt::format("adapter modules are of different ranks: {} and {}: {}",
                                       read.rank, tensor.shape[1], adapter.name()));
    }
    read.rank = tensor.shape[1];
    RESIDENCY_TRY(module.a, adapter.to_f32(tensor));
    RESIDENCY_TRY(module.b, adapter.to_f32(*b));
    read.modules.push_back(std::move(module));
  }
  RESIDENCY_TRY(const auto config, LlamaConfig::from_gguf(base));
  if (auto fits = check_lora(read, config); !fits.ok()) {
    return std::move(fits).error().with_context(adapter.name());
  }
  return read;
}

}  // namespace residency::model
