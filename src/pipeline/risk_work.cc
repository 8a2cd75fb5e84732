#include <map>

#include "deid/clean_record.h"
#include "pipeline/proof_work.h"

namespace residency::pipeline {
namespace {

constexpr char kIcd10Cm[] = "http://hl7.org/fhir/sid/icd-10-cm";
constexpr std::size_t kCategoryBytes = 3;  // of an ICD-10-CM code

const Json& first_of(const Json& list) {
  static const Json kNone;
  return list.is_array() && !list.empty() ? list[0] : kNone;
}

/// The text of a US Core extension (race, ethnicity), "" where there is none.
std::string extension_text(const Json& patient, std::string_view ending) {
  const Json& extensions = json_member(patient, "extension");
  if (!extensions.is_array()) return "";
  for (const Json& one : extensions) {
    if (!json_text(one, "url").ends_with(ending)) continue;
    const Json& parts = json_member(one, "extension");
    if (!parts.is_array()) return "";
    for (const Json& part : parts) {
      const std::string text = json_text(part, "valueString");
      if (!text.empty()) return text;
    }
  }
  return "";
}

std::vector<std::string> quasi_of(const Json& patient) {
  const Json& address = first_of(json_member(patient, "address"));
  return {json_text(patient, "gender"),
          json_text(patient, "birthDate"),
          json_text(address, "state"),
          json_text(address, "postalCode"),
          extension_text(patient, "us-core-race"),
          extension_text(patient, "us-core-ethnicity")};
}

}  // namespace

const std::vector<std::string>& patient_quasi_identifiers() {
  static const std::vector<std::string> kNames{"gender",      "birth_date", "state",
                                               "postal_code", "race",       "ethnicity"};
  return kNames;
}

Result<std::vector<deid::RiskRow>> risk_rows_of(store::Workspace& workspace,
                                                const std::string& corpus) {
  RESIDENCY_TRY(const auto manifest, workspace.manifest(corpus));
  if (manifest.kind != "corpus.clean")
    return invalid_argument("give a clean corpus; the artifact is of kind: " + manifest.kind);
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "records.jsonl"));
  std::map<std::string, deid::RiskRow> people;  // by pseudonym
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) break;
    RESIDENCY_TRY(const auto record,
                  deid::clean_record_from_json_line(line, manifest.content_sha256));
    if (record.patient.empty()) continue;
    deid::RiskRow& person = people[record.patient];
    for (const deid::CleanCode& code : record.codes) {
      if (person.sensitive.empty() && code.system == kIcd10Cm)
        person.sensitive = code.code.substr(0, kCategoryBytes);
    }
    if (record.resource_type != "Patient" || record.kind != "resource") continue;
    RESIDENCY_TRY(const Json patient, parse_json(record.structured.str()));
    person.quasi = quasi_of(patient);
  }
  std::vector<deid::RiskRow> rows;
  for (auto& [pseudonym, person] : people) {
    if (!person.quasi.empty()) rows.push_back(std::move(person));
  }
  if (rows.empty()) return failed_precondition("the corpus has no Patient resources: " + corpus);
  return rows;
}

}  // namespace residency::pipeline
