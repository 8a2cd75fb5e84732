// C-CDA documents: parsing, their text, and what they say of people.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/cda/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::ingest;
  const auto document = parse_cda({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  static_cast<void>(cda_text(**document));
  static_cast<void>(cda_patient(**document));
  static_cast<void>(cda_demographics(**document));
  static_cast<void>(cda_diagnoses(**document));
  static_cast<void>(cda_medications(**document));
  return 0;
}
