// A reviewer's sheet and a sample's file, as anyone may have changed them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "deid/proof/verdicts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::deid;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ReviewSample sample{"c", "1", 1, {{"r-1", "ed", "text of some length"}}};
  const auto verdicts = read_verdicts(bytes, "sheet", sample);
  if (verdicts.ok()) {
    for (const Leak& leak : verdicts->at("r-1")) {
      if (leak.begin >= leak.end || leak.end > 19) __builtin_trap();
    }
    estimate(sample, {*verdicts, *verdicts});
  }
  return 0;
}
