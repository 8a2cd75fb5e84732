#include "model/lora_adapter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace residency::model {

const std::vector<LoraTarget>& lora_targets() {
  static const std::vector<LoraTarget> targets{
      {"attn_q", "self_attn.q_proj"}, {"attn_k", "self_attn.k_proj"},
      {"attn_v", "self_attn.v_proj"}, {"attn_output", "self_attn.o_proj"},
      {"ffn_gate", "mlp.gate_proj"},  {"ffn_up", "mlp.up_proj"},
      {"ffn_down", "mlp.down_proj"},  {"attn_qkv", "self_attn.qkv_proj"},
  };
  return targets;
}

std::string_view hf_name(const LoraTarget& target, const LlamaConfig& config) {
  return config.fused && target.gguf == "ffn_up" ? "mlp.gate_up_proj" : target.hf;
}

Result<LoraPlace> lora_place(const std::string& tensor) {
  constexpr std::string_view kHead = "blk.";
  const auto unknown = [&] {
    return invalid_input(fmt::format("adapter module is no projection of a block: {}", tensor));
  };
  if (!tensor.starts_with(kHead)) return unknown();
  LoraPlace place;
  const char* first = tensor.data() + kHead.size();
  const char* last = tensor.data() + tensor.size();
  const auto [end, error] = std::from_chars(first, last, place.layer);
  if (error != std::errc() || place.layer < 0) return unknown();
  for (const auto& target : lora_targets()) {
    if (block_tensor(place.layer, target.gguf) == tensor) {
      place.target = target;
      return place;
    }
  }
  return unknown();
}

namespace {

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

std::size_t order_of(std::string_view gguf) {
  const auto& targets = lora_targets();
  return static_cast<std::size_t>(
      std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return t.gguf == gguf; }) -
      targets.begin());
}

}  // namespace

Result<void> check_lora(const LoraAdapter& adapter, const LlamaConfig& config) {
  if (adapter.rank < 1 || adapter.rank > kLoraRankMax) {
    return invalid_input(
        fmt::format("adapter rank is not from 1 to {}: {}", kLoraRankMax, adapter.rank));
  }
  if (!std::isfinite(adapter.alpha) || adapter.alpha <= 0 || adapter.alpha > 1e9) {
    return invalid_input(fmt::format("adapter alpha is not a positive number: {}", adapter.alpha));
  }
  if (adapter.modules.empty()) return invalid_input("adapter has no modules");
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (auto& tensor : expected_tensors(config)) shapes[tensor.name] = tensor.shape;
  std::set<std::string> seen;
  for (const auto& module : adapter.modules) {
    RESIDENCY_TRY_VOID(lora_place(module.tensor));
    const auto found = shapes.find(module.tensor);
    if (found == shapes.end()) {
      return invalid_input(
          fmt::format("adapter module is not in the base model: {}", module.tensor));
    }
    if (!seen.insert(module.tensor).second) {
      return invalid_input(fmt::format("adapter module stands twice: {}", module.tensor));
    }
    const auto rank = static_cast<std::size_t>(adapter.rank);
    if (found->second != std::vector<std::int64_t>{module.in, module.out} ||
        module.a.size() != rank * static_cast<std::size_t>(module.in) ||
        module.b.size() != rank * static_cast<std::size_t>(module.out)) {
      return invalid_input(fmt::format(
          "adapter module does not fit the base model's [{}]: in={}, out={}, rank={}: {}",
          fmt::join(found->second, ","), module.in, module.out, adapter.rank, module.tensor));
    }
    const std::size_t magnitudes = adapter.is_dora() ? static_cast<std::size_t>(module.out) : 0;
    if (module.magnitude.size() != magnitudes) {
      return invalid_input(fmt::format("adapter module has {} magnitudes, not {}: {}",
                                       module.magnitude.size(), magnitudes, module.tensor));
    }
    if (!all_finite(module.a) || !all_finite(module.b) || !all_finite(module.magnitude)) {
      return invalid_input(
          fmt::format("adapter module holds values that are not finite: {}", module.tensor));
    }
  }
  return {};
}

void apply_module(const LoraModule& module, const LoraAdapter& adapter,
                  std::vector<float>& weights) {
  const auto scale = static_cast<float>(adapter.alpha / static_cast<double>(adapter.rank));
  const auto in = static_cast<std::size_t>(module.in);
  const auto rank = static_cast<std::size_t>(adapter.rank);
  for (std::size_t o = 0; o < static_cast<std::size_t>(module.out); ++o) {
    float* row = weights.data() + o * in;
    for (std::size_t r = 0; r < rank; ++r) {
      const float factor = scale * module.b[o * rank + r];
      const float* a = module.a.data() + r * in;
      for (std::size_t i = 0; i < in; ++i) row[i] += factor * a[i];
    }
    if (module.magnitude.empty()) continue;
    double squares = 0;
    for (std::size_t i = 0; i < in; ++i)
      squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    // A row of zeros has no direction: it stays as it is.
    const double length = std::sqrt(squares);
    const auto stretch =
        static_cast<float>(length > 0 ? static_cast<double>(module.magnitude[o]) / length : 1);
    for (std::size_t i = 0; i < in; ++i) row[i] *= stretch;
  }
}

std::vector<const LoraModule*> sorted_modules(const LoraAdapter& adapter) {
  std::vector<const LoraModule*> modules;
  modules.reserve(adapter.modules.size());
  for (const auto& module : adapter.modules) modules.push_back(&module);
  const auto key = [](const LoraModule* module) {
    const auto place = lora_place(module->tensor);
    return place.ok() ? std::tuple(place->layer, order_of(place->target.gguf), module->tensor)
                      : std::tuple(std::int64_t{-1}, std::size_t{0}, module->tensor);
  };
  std::sort(modules.begin(), modules.end(),
            [&](const auto* a, const auto* b) { return key(a) < key(b); });
  return modules;
}

}  // namespace residency::model
