// FhirIndex: what the first reading of the FHIR files learns, so that in the second each record
// can be given its patient's identifiers and its encounter's diagnoses and medicines.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// Whom and what a resource belongs to.
struct FhirLinks {
  std::string patient_key;              // FHIR id, "" where there is none
  std::string encounter_key;            // FHIR id
  std::vector<std::string> conditions;  // keys of the Conditions a document names as related
  std::uint64_t unresolved = 0;         // references by urn or search that nothing answers to
};

class FhirIndex {
 public:
  /// The most identifiers kept for one patient.
  static constexpr std::size_t kIdentifiersMax = 4096;

  void add(const Json& resource, std::string_view full_url);
  /// Ends the first reading: references are resolved, patients' parts brought together.
  void finish();

  FhirLinks links_of(const Json& resource, std::string_view full_url) const;
  /// Fills in patient, encounter, demographics, codes and medications.
  void attach(const FhirLinks& links, const Json& resource, RawRecord& record) const;

  /// The id of the Patient whose id or identifier is `id`, "" where there is none. The latter only
  /// where the identifier names one patient alone.
  std::string patient_named(std::string_view id) const;
  /// The FHIR id of the Encounter with that id or identifier, "" where there is none.
  std::string encounter_named(std::string_view id) const;
  /// Null where nothing is known of the patient with this FHIR id.
  const Demographics* demographics_of(const std::string& patient) const;

  std::uint64_t identifiers_dropped() const { return identifiers_dropped_; }

 private:
  std::string named(std::string_view type, std::string_view id) const;
  struct Person {
    std::vector<KnownIdentifier> identifiers;
    std::string gender;
    std::string birth_date;
  };
  // Everything said of one patient under one spelling of the reference to them.
  struct Gathered {
    std::vector<KnownIdentifier> own;
    std::set<std::string> references;
    std::set<std::pair<std::string, std::string>> shown;  // reference, display
  };
  struct EncounterFacts {
    std::string patient;
    std::vector<Code> codes;
    std::vector<Code> medications;
    std::set<std::string> condition_references;
    std::set<std::string> medication_references;
  };

  void add_aliases(const Json& resource, const std::string& key, std::string_view full_url);
  void add_clinical(const Json& resource, const std::string& key);
  void add_references(const Json& value, std::string_view field, int depth, Gathered& gathered);
  void add_contained(const Json& resource, Gathered& gathered) const;
  std::string resolve(const std::string& key) const;
  std::string patient_id(const std::string& key) const;
  std::string encounter_id(const std::string& key) const;
  void finish_patients();
  void finish_encounters();
  void keep(const std::vector<KnownIdentifier>& from, std::set<std::pair<int, std::string>>& seen,
            Demographics& into);

  std::unordered_map<std::string, std::string> aliases_;   // urn, search -> "Type/id"
  std::set<std::string> ambiguous_;                        // searches that name several
  std::map<std::string, Person> people_;                   // by "Type/id"
  std::map<std::string, std::vector<std::string>> roles_;  // PractitionerRole -> whom it names
  std::map<std::string, Gathered> gathered_;               // by raw reference to the patient
  std::map<std::string, EncounterFacts> raw_encounters_;   // by raw reference
  std::map<std::string, std::vector<Code>> conditions_;    // by "Condition/id"
  std::map<std::string, std::vector<Code>> medications_;   // by "Medication/id"
  std::map<std::string, Demographics> patients_;           // by patient id
  std::map<std::string, EncounterFacts> encounters_;       // by encounter id
  std::uint64_t identifiers_dropped_ = 0;
};

}  // namespace residency::ingest
