// Gold of every layout from arbitrary bytes: spans stay inside of the text.
#include <cstdint>
#include <cstdlib>

#include "deid/gold/gold_document.h"

using namespace residency;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto check = [](const deid::GoldDocument& document) {
    for (const deid::GoldSpan& span : document.spans) {
      if (span.begin >= span.end || span.end > document.text.size()) std::abort();
    }
  };
  if (const auto read = deid::read_i2b2(bytes, "gold", {}); read.ok()) check(*read);
  const std::size_t half = size / 2;
  if (const auto read =
          deid::read_brat(std::string(bytes.substr(0, half)), bytes.substr(half), "gold", {});
      read.ok())
    check(*read);
  if (const auto read = deid::read_inline_gold(bytes, "gold", {}); read.ok()) {
    for (const deid::GoldDocument& document : *read) check(document);
  }
  for (const auto unit : {deid::OffsetUnit::kBytes, deid::OffsetUnit::kCodePoints}) {
    const auto read = deid::read_json_gold(bytes, "gold", unit, {});
    if (!read.ok()) continue;
    for (const deid::GoldDocument& document : *read) check(document);
  }
  return 0;
}
