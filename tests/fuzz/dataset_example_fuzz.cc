// Bytes as a line of a training file: read or refused, and what is read can be written and read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataset/example.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto example =
      residency::dataset::example_from_json_line({reinterpret_cast<const char*>(data), size});
  if (!example.ok()) return 0;
  const auto again =
      residency::dataset::example_from_json_line(residency::dataset::to_json_line(*example));
  if (!again.ok()) std::abort();
  return 0;
}
