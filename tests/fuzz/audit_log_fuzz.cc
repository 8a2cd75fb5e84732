// Lines and checkpoints of the audit log: nothing but what was written under the key is taken.
#include <cstddef>
#include <cstdint>
#include <string>

#include "audit/checkpoint.h"
#include "audit/event_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (residency::audit::check_line(text, "key").ok()) __builtin_trap();
  const residency::crypto::Secret seed(std::string(32, 's'));
  if (residency::audit::decode(text, seed).ok()) __builtin_trap();
  return 0;
}
