#include "ingest/fhir_index.h"

#include <algorithm>
#include <iterator>

#include "ingest/fhir_codes.h"
#include "ingest/fhir_people.h"
#include "ingest/fhir_reference.h"

namespace residency::ingest {
namespace {

constexpr std::size_t kCodesMax = 512;  // of one encounter
constexpr int kWalkDepthMax = 64;

template <std::size_t N>
bool one_of(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

constexpr std::string_view kAliasedTypes[] = {
    "Patient",       "Encounter",    "Practitioner", "PractitionerRole",
    "RelatedPerson", "Organization", "Location",     "Condition",
    "Medication",    "Group",        "Device"};
constexpr std::string_view kPersonTypes[] = {"Patient", "RelatedPerson", "Practitioner",
                                             "Organization", "Location"};
// Members whose references never name a person or a place of care.
constexpr std::string_view kOtherFields[] = {"subject",
                                             "patient",
                                             "encounter",
                                             "context",
                                             "result",
                                             "hasMember",
                                             "claim",
                                             "prescription",
                                             "diagnosisReference",
                                             "reasonReference",
                                             "procedureReference",
                                             "partOf",
                                             "basedOn",
                                             "medicationReference",
                                             "addresses",
                                             "condition",
                                             "related",
                                             "target",
                                             "specimen",
                                             "goal",
                                             "careTeam",
                                             "contained",
                                             "derivedFrom",
                                             "focus",
                                             "coverage",
                                             "supportingInfo"};
constexpr std::string_view kActorFields[] = {"performer",
                                             "individual",
                                             "author",
                                             "recorder",
                                             "asserter",
                                             "requester",
                                             "provider",
                                             "actor",
                                             "member",
                                             "practitioner",
                                             "generalPractitioner",
                                             "participant",
                                             "attester",
                                             "authenticator",
                                             "who",
                                             "party",
                                             "enterer",
                                             "resultsInterpreter",
                                             "interpreter"};

void add_codes(std::vector<Code> more, std::vector<Code>& into) {
  for (Code& code : more) {
    const auto same = [&](const Code& known) {
      return known.system == code.system && known.code == code.code;
    };
    if (into.size() < kCodesMax && std::none_of(into.begin(), into.end(), same)) {
      into.push_back(std::move(code));
    }
  }
}

const Json& first_of(const Json& value) {
  return value.is_array() && !value.empty() ? value.front() : value;
}

std::string subject_reference(const Json& resource) {
  for (const std::string_view field : {"patient", "subject", "beneficiary", "individual", "for"}) {
    const Json& member = json_member(resource, field);
    if (member.is_array()) {
      for (const Json& item : member) {
        const std::string key = reference_key(item);
        if (!key.empty()) return key;
      }
    }
    std::string key = reference_key(member);
    if (!key.empty()) return key;
  }
  const Json& participants = json_member(resource, "participant");
  if (json_text(resource, "resourceType") == "Appointment" && participants.is_array()) {
    for (const Json& participant : participants) {
      const std::string key = reference_key(json_member(participant, "actor"));
      if (type_of_key(key) == "Patient") return key;
    }
  }
  return "";
}

std::string encounter_reference(const Json& resource, const std::string& own) {
  if (type_of_key(own) == "Encounter") return own;
  std::string key = reference_key(first_of(json_member(resource, "encounter")));
  if (!key.empty()) return key;
  const Json& context = json_member(resource, "context");
  key = reference_key(first_of(json_member(context, "encounter")));
  if (!key.empty()) return key;
  key = reference_key(context);
  if (!key.empty()) return key;
  const Json& items = json_member(resource, "item");
  return reference_key(first_of(json_member(first_of(items), "encounter")));
}

}  // namespace

void FhirIndex::add_aliases(const Json& resource, const std::string& key,
                            std::string_view full_url) {
  if (!one_of(kAliasedTypes, type_of_key(key))) return;
  if (full_url.starts_with("urn:")) aliases_.try_emplace(std::string(full_url), key);
  const Json& identifiers = json_member(resource, "identifier");
  if (!identifiers.is_array() || type_of_key(key) == "Condition") return;
  for (const Json& identifier : identifiers) {
    const std::string value = json_text(identifier, "value");
    if (value.empty()) continue;
    const std::string search = std::string(type_of_key(key)) + "?identifier=";
    aliases_.try_emplace(search + json_text(identifier, "system") + "|" + value, key);
    const auto [bare, fresh] = aliases_.try_emplace(search + value, key);
    if (!fresh && bare->second != key) ambiguous_.insert(bare->first);
  }
}

void FhirIndex::add_references(const Json& value, std::string_view field, int depth,
                               Gathered& gathered) {
  if (depth > kWalkDepthMax) return;
  if (value.is_array()) {
    for (const Json& item : value) add_references(item, field, depth + 1, gathered);
    return;
  }
  if (!value.is_object()) return;
  const std::string key = reference_key(value);
  if (!key.empty() && !key.starts_with("#")) {
    PhiClass phi_class{};
    const std::string_view type = type_of_key(key);
    if (type.empty() || display_class(type, phi_class)) gathered.references.insert(key);
    const std::string display = json_text(value, "display");
    if (!display.empty() && (one_of(kActorFields, field) || display_class(type, phi_class))) {
      gathered.shown.emplace(key, display);
    }
    return;
  }
  for (const auto& [name, member] : value.items()) {
    if (member.is_structured() && !one_of(kOtherFields, name)) {
      add_references(member, name, depth + 1, gathered);
    }
  }
}

void FhirIndex::add_contained(const Json& resource, Gathered& gathered) const {
  const Json& contained = json_member(resource, "contained");
  if (!contained.is_array()) return;
  for (const Json& item : contained) {
    for (const KnownIdentifier& known : identifiers_of(item)) {
      add_value(known.phi_class, known.value.reveal(), gathered.own);
    }
  }
}

void FhirIndex::add_clinical(const Json& resource, const std::string& key) {
  const std::string type = json_text(resource, "resourceType");
  const std::string encounter = encounter_reference(resource, key);
  if (type == "Encounter" && !key.empty()) {
    EncounterFacts& facts = raw_encounters_[key];
    facts.patient = subject_reference(resource);
    const Json& diagnoses = json_member(resource, "diagnosis");
    if (diagnoses.is_array()) {
      for (const Json& diagnosis : diagnoses) {
        const std::string condition = reference_key(json_member(diagnosis, "condition"));
        if (!condition.empty()) facts.condition_references.insert(condition);
      }
    }
  } else if (type == "Condition" && is_confirmed(resource)) {
    std::vector<Code> codes = diagnosis_codes(json_member(resource, "code"));
    if (!key.empty()) conditions_[key] = codes;
    if (!encounter.empty()) add_codes(std::move(codes), raw_encounters_[encounter].codes);
  } else if (type == "DiagnosticReport" && !encounter.empty()) {
    const Json& conclusions = json_member(resource, "conclusionCode");
    if (!conclusions.is_array()) return;
    for (const Json& conclusion : conclusions) {
      add_codes(diagnosis_codes(conclusion), raw_encounters_[encounter].codes);
    }
  } else if (type == "Medication" && !key.empty()) {
    medications_[key] = all_codes(json_member(resource, "code"));
  } else if (type == "MedicationRequest" && !encounter.empty() && is_confirmed(resource)) {
    EncounterFacts& facts = raw_encounters_[encounter];
    add_codes(all_codes(json_member(resource, "medicationCodeableConcept")), facts.medications);
    const std::string medication = reference_key(json_member(resource, "medicationReference"));
    if (medication.starts_with("#")) {
      add_codes(all_codes(json_member(contained_resource(resource, medication), "code")),
                facts.medications);
    } else if (!medication.empty()) {
      facts.medication_references.insert(medication);
    }
  }
}

void FhirIndex::add(const Json& resource, std::string_view full_url) {
  const std::string type = json_text(resource, "resourceType");
  const std::string key = own_key(resource, full_url);
  if (!key.empty()) add_aliases(resource, key, full_url);
  if (!key.empty() && one_of(kPersonTypes, type)) {
    Person& person = people_[key];
    for (const KnownIdentifier& known : identifiers_of(resource)) {
      add_value(known.phi_class, known.value.reveal(), person.identifiers);
    }
    if (type == "Patient") {
      person.gender = json_text(resource, "gender");
      person.birth_date = json_text(resource, "birthDate");
    }
  }
  if (type == "PractitionerRole" && !key.empty()) {
    for (const std::string_view field : {"practitioner", "organization"}) {
      const std::string named = reference_key(json_member(resource, field));
      if (!named.empty()) roles_[key].push_back(named);
    }
  }
  add_clinical(resource, key);
  const std::string patient = type == "Patient" ? key : subject_reference(resource);
  if (patient.empty() || patient.starts_with("#")) return;
  Gathered& gathered = gathered_[patient];
  if (type == "RelatedPerson" && !key.empty()) gathered.references.insert(key);
  if (type == "Coverage" || type == "Device" || type == "Account" || type == "Encounter") {
    for (const KnownIdentifier& known : identifiers_of(resource)) {
      add_value(known.phi_class, known.value.reveal(), gathered.own);
    }
  }
  add_contained(resource, gathered);
  add_references(resource, "", 0, gathered);
}

std::string FhirIndex::resolve(const std::string& key) const {
  const auto found = aliases_.find(key);
  return found == aliases_.end() ? key : found->second;
}

std::string FhirIndex::patient_id(const std::string& key) const {
  const std::string resolved = resolve(key);
  const std::string_view type = type_of_key(resolved);
  // An unknown urn in a subject still keeps a patient's records together.
  if (type != "Patient" && !resolved.starts_with("urn:")) return "";
  return std::string(id_of_key(resolved));
}

std::string FhirIndex::encounter_id(const std::string& key) const {
  const std::string resolved = resolve(key);
  const std::string_view type = type_of_key(resolved);
  if (type != "Encounter" && !resolved.starts_with("urn:")) return "";
  return std::string(id_of_key(resolved));
}

void FhirIndex::keep(const std::vector<KnownIdentifier>& from,
                     std::set<std::pair<int, std::string>>& seen, Demographics& into) {
  for (const KnownIdentifier& known : from) {
    if (!seen.emplace(static_cast<int>(known.phi_class), known.value.reveal()).second) continue;
    if (into.identifiers.size() < kIdentifiersMax) {
      into.identifiers.push_back(known);
    } else {
      ++identifiers_dropped_;
    }
  }
}

void FhirIndex::finish_patients() {
  std::map<std::string, Gathered> merged;
  for (auto& [raw, gathered] : gathered_) {
    const std::string id = patient_id(raw);
    if (id.empty()) continue;
    Gathered& whole = merged[id];
    whole.own.insert(whole.own.end(), gathered.own.begin(), gathered.own.end());
    whole.references.merge(gathered.references);
    whole.shown.merge(gathered.shown);
  }
  gathered_.clear();
  for (const auto& [id, gathered] : merged) {
    Demographics& demographics = patients_[id];
    std::set<std::pair<int, std::string>> seen;
    if (const auto self = people_.find("Patient/" + id); self != people_.end()) {
      demographics.gender = self->second.gender;
      demographics.birth_date = PhiText(self->second.birth_date);
      keep(self->second.identifiers, seen, demographics);
    }
    keep(gathered.own, seen, demographics);
    std::set<std::string> keys;
    for (const std::string& reference : gathered.references) {
      const std::string key = resolve(reference);
      keys.insert(key);
      if (const auto role = roles_.find(key); role != roles_.end()) {
        for (const std::string& named : role->second) keys.insert(resolve(named));
      }
    }
    for (const std::string& key : keys) {
      if (type_of_key(key) == "Patient") continue;
      if (const auto person = people_.find(key); person != people_.end()) {
        keep(person->second.identifiers, seen, demographics);
      }
    }
    for (const auto& [reference, display] : gathered.shown) {
      PhiClass phi_class = PhiClass::kClinicianName;  // what an actor is unless known otherwise
      const std::string key = resolve(reference);
      if (!display_class(type_of_key(key), phi_class) && !type_of_key(key).empty()) continue;
      std::vector<KnownIdentifier> one;
      add_value(phi_class, display, one);
      keep(one, seen, demographics);
    }
  }
}

void FhirIndex::finish_encounters() {
  for (auto& [raw, facts] : raw_encounters_) {
    const std::string id = encounter_id(raw);
    if (id.empty()) continue;
    EncounterFacts& whole = encounters_[id];
    if (!facts.patient.empty()) whole.patient = patient_id(facts.patient);
    add_codes(std::move(facts.codes), whole.codes);
    add_codes(std::move(facts.medications), whole.medications);
    for (const std::string& reference : facts.condition_references) {
      const auto found = conditions_.find(resolve(reference));
      if (found != conditions_.end()) add_codes(found->second, whole.codes);
    }
    for (const std::string& reference : facts.medication_references) {
      const auto found = medications_.find(resolve(reference));
      if (found != medications_.end()) add_codes(found->second, whole.medications);
    }
  }
  raw_encounters_.clear();
}

void FhirIndex::finish() {
  finish_patients();
  finish_encounters();
}

std::string FhirIndex::named(std::string_view type, std::string_view id) const {
  const auto found = aliases_.find(std::string(type) + "?identifier=" + std::string(id));
  if (found == aliases_.end() || ambiguous_.contains(found->first)) return "";
  return found->second.substr(type.size() + 1);
}

std::string FhirIndex::patient_named(std::string_view id) const {
  std::string same(id);
  if (people_.contains("Patient/" + same) || patients_.contains(same)) return same;
  return named("Patient", id);
}

std::string FhirIndex::encounter_named(std::string_view id) const {
  std::string same(id);
  return encounters_.contains(same) ? same : named("Encounter", id);
}

const Demographics* FhirIndex::demographics_of(const std::string& patient) const {
  const auto found = patients_.find(patient);
  return found == patients_.end() ? nullptr : &found->second;
}

FhirLinks FhirIndex::links_of(const Json& resource, std::string_view full_url) const {
  FhirLinks links;
  const std::string own = own_key(resource, full_url);
  const auto unresolved = [&](const std::string& key) {
    const bool indirect = key.starts_with("urn:") || key.find('?') != std::string::npos;
    return indirect && !aliases_.contains(key) ? 1u : 0u;
  };
  const std::string patient = type_of_key(own) == "Patient" ? own : subject_reference(resource);
  links.patient_key = patient_id(patient);
  links.unresolved += unresolved(patient);
  const std::string encounter = encounter_reference(resource, own);
  links.encounter_key = encounter_id(encounter);
  links.unresolved += unresolved(encounter);
  if (links.patient_key.empty() && patient.empty() && !links.encounter_key.empty()) {
    const auto found = encounters_.find(links.encounter_key);
    if (found != encounters_.end()) links.patient_key = found->second.patient;
  }
  const Json& related = json_member(json_member(resource, "context"), "related");
  if (related.is_array()) {
    for (const Json& item : related) {
      const std::string key = resolve(reference_key(item));
      if (type_of_key(key) == "Condition") links.conditions.push_back(key);
    }
  }
  return links;
}

void FhirIndex::attach(const FhirLinks& links, const Json& resource, RawRecord& record) const {
  record.patient_key = PhiText(links.patient_key);
  record.encounter_key = PhiText(links.encounter_key);
  if (const auto found = patients_.find(links.patient_key); found != patients_.end()) {
    record.demographics = found->second;
  }
  const Json& subject = contained_resource(resource, subject_reference(resource));
  if (subject.is_object()) {
    record.demographics.gender = json_text(subject, "gender");
    record.demographics.birth_date = PhiText(json_text(subject, "birthDate"));
    for (const KnownIdentifier& known : identifiers_of(subject)) {
      add_value(known.phi_class, known.value.reveal(), record.demographics.identifiers);
    }
  }
  if (const auto found = encounters_.find(links.encounter_key); found != encounters_.end()) {
    record.codes = found->second.codes;
    record.medications = found->second.medications;
  }
  std::vector<Code> related;
  for (const std::string& key : links.conditions) {
    const auto found = conditions_.find(key);
    if (found != conditions_.end()) add_codes(found->second, related);
  }
  if (!related.empty()) record.codes = std::move(related);
}

}  // namespace residency::ingest
