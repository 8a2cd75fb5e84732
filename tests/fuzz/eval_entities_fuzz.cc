// Entities out of what a model wrote: each lies in the text as whole characters.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "eval/labelled_prompt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t half = all.find('\0');
  if (half == std::string_view::npos) return 0;
  const std::string_view text = all.substr(half + 1);
  const auto spans = residency::eval::read_entities(all.substr(0, half), text, {"drug", "disease"});
  if (!spans) return 0;
  for (const auto& span : *spans) {
    if (span.begin >= span.end || span.end > text.size()) __builtin_trap();
  }
  return 0;
}
