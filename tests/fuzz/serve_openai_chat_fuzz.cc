// Any bytes as a chat request's body: refused with a named field, or a request within its bounds
// whose answer can be formatted.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/openai_chat.h"

namespace {

using namespace residency;

void check(const serve::ChatRequest& request, const serve::ChatLimits& limits) {
  RESIDENCY_CHECK(!request.messages.empty());
  RESIDENCY_CHECK(request.sampling.tokens_max >= 1);
  RESIDENCY_CHECK(request.sampling.tokens_max <= limits.tokens_max);
  RESIDENCY_CHECK(request.sampling.temperature >= 0 && request.sampling.temperature <= 2);
  RESIDENCY_CHECK(request.sampling.top_p > 0 && request.sampling.top_p <= 1);
  const serve::ResponseHead head{"chatcmpl-1", 0, request.model};
  const std::string event = serve::format_stream_text(head, request.messages.back().content);
  RESIDENCY_CHECK(event.starts_with("data: "));
  RESIDENCY_CHECK(event.find('\n') == event.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const serve::ChatLimits limits;
  std::string param;
  const auto parsed = serve::parse_chat_request(body, limits, param);
  if (parsed.ok()) {
    check(*parsed, limits);
  } else {
    RESIDENCY_CHECK(parsed.error().code() == ErrorCode::kInvalidArgument);
    RESIDENCY_CHECK(!serve::format_error(parsed.error(), param).empty());
  }
  return 0;
}
