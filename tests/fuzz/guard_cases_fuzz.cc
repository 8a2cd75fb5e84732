#include <cstddef>
#include <cstdint>
#include <string_view>

#include "guard/bench/guard_case.h"
#include "guard/content/content_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(residency::guard::parse_cases(text, "fuzz"));
  static_cast<void>(residency::guard::ContentModel::parse(text));
  return 0;
}
