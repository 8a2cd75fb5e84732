// PEFT folders: the first two bytes say how much of the input is adapter_config.json, the rest is
// adapter_model.safetensors.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/peft.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::model;
  if (size < 2) return 0;
  LlamaConfig config;
  config.architecture = "llama";
  config.layers = 1;
  config.embedding = 8;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dimension = 4;
  config.feed_forward = 8;
  config.vocabulary = 8;
  const std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto split = std::min<std::size_t>(data[0] + 256u * data[1], text.size());
  const auto adapter = import_peft({text.substr(split), text.substr(0, split)}, config, "fuzz");
  if (adapter.ok() && !export_peft(*adapter, config, "base").ok()) __builtin_trap();
  return 0;
}
