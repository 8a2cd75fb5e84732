#include <cstddef>
#include <cstdint>
#include <string_view>

#include "guard/policy/guard_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy =
      residency::guard::parse_guard_policy({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (policy.ok()) static_cast<void>(policy->to_bedrock());
  return 0;
}
