#include "ingest/patient_index.h"

#include <algorithm>

namespace residency::ingest {

std::uint64_t merge_demographics(const Demographics& more, Demographics& into) {
  std::uint64_t dropped = 0;
  for (const KnownIdentifier& one : more.identifiers) {
    const bool there = std::any_of(
        into.identifiers.begin(), into.identifiers.end(), [&](const KnownIdentifier& known) {
          return known.phi_class == one.phi_class && known.value.reveal() == one.value.reveal();
        });
    if (there) continue;
    if (into.identifiers.size() >= FhirIndex::kIdentifiersMax)
      ++dropped;
    else
      into.identifiers.push_back(one);
  }
  if (into.gender.empty()) into.gender = more.gender;
  if (into.birth_date.empty()) into.birth_date = more.birth_date;
  return dropped;
}

void PatientIndex::add(std::string_view id, const Demographics& known) {
  if (id.empty()) return;
  identifiers_dropped_ += merge_demographics(known, people_[std::string(id)]);
}

std::string PatientIndex::key_of(std::string_view id) const {
  if (id.empty()) return "";
  std::string key = fhir_.patient_named(id);
  return key.empty() ? std::string(id) : key;
}

void PatientIndex::attach(std::string_view id, RawRecord& record) const {
  const std::string key = key_of(id);
  record.patient_key = PhiText(key);
  if (key.empty()) return;
  if (const Demographics* known = fhir_.demographics_of(key))
    merge_demographics(*known, record.demographics);
  if (const auto found = people_.find(id); found != people_.end())
    merge_demographics(found->second, record.demographics);
  if (const auto found = people_.find(key); key != id && found != people_.end())
    merge_demographics(found->second, record.demographics);
}

}  // namespace residency::ingest
