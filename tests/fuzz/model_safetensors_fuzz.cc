// Safetensors files.
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::model;
  const auto file = SafetensorsFile::parse(std::string(reinterpret_cast<const char*>(data), size),
                                           "fuzz.safetensors");
  if (!file.ok()) return 0;
  for (const auto& [name, entry] : file->tensors()) {
    const auto values = file->to_f32(name);
    if (values.ok() && values->size() > entry.bytes) __builtin_trap();
  }
  return 0;
}
