// Any bytes as an event stream: frames or a refusal, and what was read is written back the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "serve/base64.h"
#include "serve/event_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  serve::EventFrame made;
  made.headers = {{":event-type", bytes.substr(0, 20)}};
  made.payload = bytes;
  std::string written = serve::encode_event_frame(made);
  const auto read = serve::take_event_frame(written);
  RESIDENCY_CHECK(read.ok() && *read && written.empty());
  RESIDENCY_CHECK((*read)->payload == made.payload && (*read)->headers == made.headers);
  const auto decoded = serve::base64_bytes(bytes);
  RESIDENCY_CHECK(*serve::base64_bytes(serve::base64_text(bytes)) == bytes);
  if (decoded.ok()) RESIDENCY_CHECK(decoded->size() <= bytes.size());
  while (true) {
    const std::size_t before = bytes.size();
    const auto frame = serve::take_event_frame(bytes);
    if (!frame.ok() || !*frame) break;
    RESIDENCY_CHECK(bytes.size() < before);
  }
  return 0;
}
