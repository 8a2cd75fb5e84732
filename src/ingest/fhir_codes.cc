#include "ingest/fhir_codes.h"

namespace residency::ingest {
namespace {

constexpr std::string_view kIcd10Cm = "http://hl7.org/fhir/sid/icd-10-cm";
constexpr std::string_view kSnomed = "http://snomed.info/sct";

}  // namespace

std::vector<Code> all_codes(const Json& concept_) {
  std::vector<Code> codes;
  const Json& codings = json_member(concept_, "coding");
  if (!codings.is_array()) return codes;
  for (const Json& coding : codings) {
    Code code{json_text(coding, "system"), json_text(coding, "code"), json_text(coding, "display")};
    if (code.system == "urn:oid:2.16.840.1.113883.6.90") code.system = kIcd10Cm;
    if (code.system == "urn:oid:2.16.840.1.113883.6.96") code.system = kSnomed;
    if (!code.system.empty() && !code.code.empty()) codes.push_back(std::move(code));
  }
  return codes;
}

std::vector<Code> diagnosis_codes(const Json& concept_) {
  std::vector<Code> codes = all_codes(concept_);
  std::erase_if(codes,
                [](const Code& code) { return code.system != kIcd10Cm && code.system != kSnomed; });
  return codes;
}

bool is_confirmed(const Json& resource) {
  const std::string status = json_text(resource, "status");
  if (status == "entered-in-error" || status == "cancelled") return false;
  const Json& codings = json_member(json_member(resource, "verificationStatus"), "coding");
  if (!codings.is_array()) return true;
  for (const Json& coding : codings) {
    const std::string code = json_text(coding, "code");
    if (code == "refuted" || code == "entered-in-error") return false;
  }
  return true;
}

}  // namespace residency::ingest
