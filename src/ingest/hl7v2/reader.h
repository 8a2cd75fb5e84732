// Hl7Reader: files of HL7 v2 messages into records.
#pragma once

#include <string_view>

#include "ingest/emitter.h"
#include "ingest/hl7v2/message.h"
#include "ingest/patient_index.h"

namespace residency::ingest {

/// First reading: what the messages of a file say of their patients.
void index_hl7_file(std::string_view bytes, const SourceOptions& source, PatientIndex& patients);

class Hl7Reader {
 public:
  Hl7Reader(const SourceOptions& source, const IngestLimits& limits, const FhirIndex& fhir,
            const PatientIndex& patients, Emitter& emitter)
      : source_(source), limits_(limits), fhir_(fhir), patients_(patients), emitter_(emitter) {}

  /// Each message becomes a record (kMessage); each report in it, the lines of text (OBX of type TX
  /// or FT) that follow one OBR, ORC or TXA, becomes a note as well.
  Result<void> file(std::string_view bytes);

 private:
  Result<void> message(const Hl7Piece& piece);
  Result<void> notes(const Hl7Message& message, std::uint64_t line);
  void fill(const Hl7Message& message, RawRecord& record) const;

  const SourceOptions& source_;
  const IngestLimits& limits_;
  const FhirIndex& fhir_;
  const PatientIndex& patients_;
  Emitter& emitter_;
};

}  // namespace residency::ingest
