// Recipes and JSON: any bytes give a value or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/base.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto node = residency::ConfigNode::parse(text, "fuzz"); node.ok()) {
    residency::ConfigReader reader(*node);
    (void)reader.text("name", "");
    (void)reader.integer("n", 0, 0, 9);
    (void)reader.finish().ok();
    if (!residency::parse_json(node->canonical_json()).ok()) __builtin_trap();
  }
  (void)residency::parse_json(text).ok();
  return 0;
}
