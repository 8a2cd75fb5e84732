// Bytes as a model's answer, and as a line of predictions.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "eval/answer_reader.h"
#include "eval/prediction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& code : residency::eval::read_codes(text)) {
    // A code that was read is read as itself.
    if (residency::eval::read_codes(code).size() != 1) std::abort();
  }
  (void)residency::eval::read_label(text, {"yes", "no", "maybe"});
  (void)residency::eval::squeeze(text);
  const auto prediction = residency::eval::prediction_from_json_line(text);
  if (prediction.ok()) (void)residency::eval::to_json_line(*prediction);
  return 0;
}
