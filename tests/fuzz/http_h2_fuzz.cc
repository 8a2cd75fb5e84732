// Any bytes as an HTTP/2 connection, in pieces: requests within their bounds, each answered.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/h2_codec.h"

namespace {

using namespace residency::server;

class Answering final : public H2Codec::Handler {
 public:
  void on_request(std::int32_t stream, HttpRequest request, H2Codec::Breach breach) override {
    if (breach == H2Codec::Breach::kNone && request.body.size() > 4096) __builtin_trap();
    waiting.push_back(stream);
  }
  void on_closed(std::int32_t) override {}
  std::vector<std::int32_t> waiting;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  H2Codec::Limits limits;
  limits.body_bytes_max = 4096;
  limits.header_bytes_max = 2048;
  Answering handler;
  auto codec = H2Codec::make(limits, handler);
  if (!codec.ok()) return 0;
  const std::size_t step = data[0] % 64 + 1u;
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  bool well = (*codec)->feed(kH2Preface);
  while (well && !bytes.empty()) {
    well = (*codec)->feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (const std::int32_t stream : handler.waiting) {
      (*codec)->begin(stream, HttpResponse{}, {});
      (*codec)->write(stream, "answer");
      (*codec)->end(stream);
    }
    handler.waiting.clear();
    while (!(*codec)->output().empty()) {
    }
  }
  return 0;
}
