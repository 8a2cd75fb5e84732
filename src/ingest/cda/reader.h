// CdaReader: C-CDA documents into records.
#pragma once

#include <string_view>

#include "ingest/emitter.h"
#include "ingest/patient_index.h"

namespace residency::ingest {

/// First reading: what the document says of its patient.
void index_cda_file(std::string_view bytes, PatientIndex& patients);

class CdaReader {
 public:
  CdaReader(const IngestLimits& limits, const FhirIndex& fhir, const PatientIndex& patients,
            Emitter& emitter)
      : limits_(limits), fhir_(fhir), patients_(patients), emitter_(emitter) {}

  /// The document becomes a record (kDocument), the text of its sections a note as well.
  Result<void> file(std::string_view bytes);

 private:
  const IngestLimits& limits_;
  const FhirIndex& fhir_;
  const PatientIndex& patients_;
  Emitter& emitter_;
};

}  // namespace residency::ingest
