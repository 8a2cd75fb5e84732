// Bytes as a prompt template: parsed or refused, and rendered.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataset/contamination.h"
#include "dataset/prompt_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = residency::dataset::PromptTemplate::parse(text, {"text", "codes"});
  if (parsed.ok()) (void)parsed->render({{"text", "{{codes}}"}, {"codes", "I10"}});
  (void)residency::dataset::text_grams(text);
  return 0;
}
