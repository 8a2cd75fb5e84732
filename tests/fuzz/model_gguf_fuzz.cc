// GGUF files: header, metadata, tensors, and what the checks before llama.cpp make of them.
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/gguf.h"
#include "model/llama_config.h"
#include "model/lora_gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::model;
  const auto file =
      GgufFile::from_bytes(std::string(reinterpret_cast<const char*>(data), size), "fuzz.gguf");
  if (!file.ok()) return 0;
  for (const auto& tensor : (*file)->tensors()) {
    if ((*file)->data(tensor).size() != tensor.bytes) __builtin_trap();
    (void)(*file)->to_f32(tensor);
  }
  for (const auto& [key, value] : (*file)->metadata()) {
    if ((*file)->encoded_value(key).size() < 5) __builtin_trap();
  }
  (void)verify_gguf(**file);
  (void)read_lora_gguf(**file, **file);
  return 0;
}
