#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "guard/guardrail.h"

namespace {

const residency::guard::Guardrail& rails() {
  static const auto instance =
      residency::guard::Guardrail::open(residency::guard::GuardPolicy::named("patient").value())
          .value();
  return *instance;
}

}  // namespace

// Whatever comes, however it is cut: no crash, and what leaves in pieces is what leaves in one or a
// prefix that a block ended.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  residency::guard::Conversation conversation;
  conversation.turns.push_back({"user", "Patient: Walter Ashdown, SSN 219-09-9999, on warfarin."});
  conversation.sources.push_back("He denies chest pain. Left knee pain.");
  static_cast<void>(rails().check_input({{{"user", std::string(text)}}, {}, ""}));
  const auto stream = rails().open_output(conversation);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += stream->feed(text.substr(at, piece));
  out += stream->finish();
  if (out.find("219-09-9999") != std::string::npos) std::abort();
  return 0;
}
