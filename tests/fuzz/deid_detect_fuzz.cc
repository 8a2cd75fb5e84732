// Any bytes: the detector's spans must lie in the text, in order, apart from each other.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "deid/detect/detector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  static const auto detector = deid::Detector::open();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  deid::KnownPhi known;
  known.values = {{PhiClass::kPatientName, std::string(text.substr(0, 24))},
                  {PhiClass::kMrn, "4417290"}};
  const auto spans = (*detector)->detect(text, &known);
  if (!spans.ok()) return 0;
  std::size_t past = 0;
  for (const deid::Span& span : *spans) {
    if (span.begin < past || span.end <= span.begin || span.end > size) std::abort();
    past = span.end;
  }
  return 0;
}
