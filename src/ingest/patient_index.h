// PatientIndex: one patient over every kind of source. What the first reading learns of people from
// HL7 v2 messages, C-CDA documents and rosters, beside what FhirIndex knows.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "ingest/fhir_index.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

class PatientIndex {
 public:
  /// `fhir` must outlive this.
  explicit PatientIndex(const FhirIndex& fhir) : fhir_(fhir) {}

  /// Notes what a source says of the patient it calls `id`. What goes past
  /// FhirIndex::kIdentifiersMax for one patient is counted and left out.
  void add(std::string_view id, const Demographics& known);

  /// The key of the patient whom a source calls `id`: the FHIR id where a FHIR Patient has it as
  /// id or identifier (a medical record number), else `id`. After FhirIndex::finish().
  std::string key_of(std::string_view id) const;

  /// Sets the record's patient and adds to its demographics all that is known of them.
  void attach(std::string_view id, RawRecord& record) const;

  std::uint64_t identifiers_dropped() const { return identifiers_dropped_; }

 private:
  const FhirIndex& fhir_;
  std::map<std::string, Demographics, std::less<>> people_;  // by the sources' ids
  std::uint64_t identifiers_dropped_ = 0;
};

/// Adds what `more` knows to `into`, each value once; gives how many found no room.
std::uint64_t merge_demographics(const Demographics& more, Demographics& into);

}  // namespace residency::ingest
