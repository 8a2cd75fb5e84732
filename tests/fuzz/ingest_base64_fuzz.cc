// Any bytes as base64: what decodes is the same after encoding and decoding again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "ingest/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = ingest::decode_base64(text);
  if (bytes) RESIDENCY_CHECK(ingest::decode_base64(ingest::encode_base64(*bytes)) == bytes);
  RESIDENCY_CHECK(ingest::decode_base64(ingest::encode_base64(text)) == text);
  return 0;
}
