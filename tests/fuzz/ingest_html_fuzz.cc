// Any UTF-8 as HTML: the text is UTF-8 and not much longer.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "ingest/html_text.h"
#include "ingest/text_encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  if (ingest::valid_utf8_bytes(html) != size) return 0;
  const std::string text = ingest::html_to_text(html);
  RESIDENCY_CHECK(ingest::valid_utf8_bytes(text) == text.size());
  RESIDENCY_CHECK(text.size() <= 3 * size);
  return 0;
}
