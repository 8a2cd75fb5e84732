// Any bytes through the whole detector: spans are in order, inside of the text, and none overlaps.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deid/detect/detector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::deid;
  static const auto detector = Detector::open();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spans = (*detector)->detect(text, nullptr);
  if (!spans.ok()) return 0;
  std::size_t past = 0;
  for (const Span& span : *spans) {
    if (span.begin < past || span.end <= span.begin || span.end > size) __builtin_trap();
    past = span.end;
  }
  return 0;
}
