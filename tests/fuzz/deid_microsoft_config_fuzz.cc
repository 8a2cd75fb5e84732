// Bytes as a configuration of Microsoft's FHIR anonymizer: read or refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deid/policy/microsoft_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rules = residency::deid::parse_microsoft_config(text);
  if (rules.ok()) {
    for (const auto& rule : rules->rules) (void)rule.to_json();
  }
  return 0;
}
