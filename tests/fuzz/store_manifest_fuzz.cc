// Manifests and jobs as the database holds them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/manifest_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = residency::parse_json({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) return 0;
  if (auto manifest = residency::store::manifest_from_json(*parsed); manifest.ok()) {
    auto again = residency::store::manifest_from_json(residency::store::to_json(*manifest));
    if (!again.ok() || again->id != manifest->id) __builtin_trap();
  }
  (void)residency::store::job_from_json(*parsed).ok();
  return 0;
}
