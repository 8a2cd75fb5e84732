#include "dataset/patient_groups.h"

#include "base/json.h"
#include "dataset/example_groups.h"

namespace residency::dataset {
namespace {

/// The text of a US Core extension: its inner extension "text".
std::string extension_text(const Json& extension) {
  for (const Json& inner : json_member(extension, "extension")) {
    if (json_text(inner, "url") == "text") return json_text(inner, "valueString");
  }
  return "";
}

void put(std::map<std::string, std::string>& groups, const char* name, const std::string& value) {
  if (!value.empty() && value.size() <= kGroupBytesMax) groups[name] = value;
}

}  // namespace

void PatientGroups::learn(const deid::CleanRecord& record) {
  if (record.resource_type != "Patient" || record.patient.empty()) return;
  const auto patient = parse_json(record.structured.str());
  if (!patient.ok() || !patient->is_object()) return;
  auto& groups = groups_[record.patient];
  put(groups, "sex", json_text(*patient, "gender"));
  for (const Json& extension : json_member(*patient, "extension")) {
    const std::string url = json_text(extension, "url");
    if (url.ends_with("/us-core-race")) put(groups, "race", extension_text(extension));
    if (url.ends_with("/us-core-ethnicity")) put(groups, "ethnicity", extension_text(extension));
  }
}

void PatientGroups::apply(std::vector<Candidate>& candidates) const {
  for (Candidate& candidate : candidates) {
    const auto known = groups_.find(candidate.example.patient);
    if (known != groups_.end()) candidate.example.groups = known->second;
  }
}

}  // namespace residency::dataset
