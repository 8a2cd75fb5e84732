// Messages and documents through the rules: what is cleaned must be readable again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "deid/structured/cda_record.h"
#include "deid/structured/hl7_record.h"
#include "deid/transform/crosswalk.h"
#include "deid/transform/pending_codes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::deid;
  static const auto detector = Detector::open({.tagger = false}).value();
  static const Policy policy;
  static auto crosswalk = Crosswalk::open(std::string(32, 'k'), "").value();
  PatientCode code = crosswalk.anonymous(1);
  PendingCodes book(PendingCodes::make_salt("0123456789abcdef"));
  std::unordered_set<std::string> harmless;
  Replacer replacer(policy, code, "", 2024);
  const RecordScope scope{*detector, nullptr, replacer, book, "", harmless};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = clean_message(text, scope);
  if (message.ok() && !clean_message(*message, scope).ok()) __builtin_trap();
  const auto document = clean_document(text, scope);
  if (document.ok() && !clean_document(*document, scope).ok()) __builtin_trap();
  return 0;
}
