// Bytes as a policy file: read or refused. Files that it names are not there.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "deid/policy/method.h"
#include "deid/policy/policy_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("_file") != text.npos || text.find("microsoft") != text.npos) return 0;
  const auto policy = residency::deid::parse_policy_file(text, "fuzz.yaml");
  if (policy.ok()) (void)residency::deid::safe_harbor_obstacles(*policy);
  return 0;
}
