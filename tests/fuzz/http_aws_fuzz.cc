// Bytes of a stranger's request: the authorization header of Signature Version 4, and CBOR bodies.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/aws/cbor_text.h"
#include "server/aws/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::server;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto texts = read_cbor_texts(bytes);
  if (const auto parsed = parse_sigv4(bytes); parsed.ok()) {
    HttpRequest request;
    request.method = "POST";
    request.path = "/";
    request.body = std::string(bytes);
    const auto verified = verify_sigv4(request, *parsed, "secret", "comprehendmedical", 0);
    if (verified.ok()) __builtin_trap();
  }
  return texts.ok() && texts->size() > 256 ? 1 : 0;
}
