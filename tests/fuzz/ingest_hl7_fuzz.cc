// HL7 v2 files: splitting, parsing, escapes, and what they say of people.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/hl7v2/people.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::ingest;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Hl7Piece& piece : split_hl7_file(bytes)) {
    const auto message = parse_hl7(piece.text);
    if (!message.ok()) continue;
    static_cast<void>(hl7_patient(*message));
    static_cast<void>(hl7_demographics(*message));
    static_cast<void>(hl7_diagnoses(*message));
    static_cast<void>(hl7_unescape(bytes, message->delimiters));
    const auto again = parse_hl7(to_er7(*message));
    if (!again.ok() || again->segments.size() != message->segments.size()) __builtin_trap();
  }
  return 0;
}
