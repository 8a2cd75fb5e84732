// RawRecord: one note, resource or row as it came in, with everything known of its patient.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/phi_class.h"
#include "base/result.h"
#include "ingest/phi_text.h"

namespace residency::ingest {

enum class RecordKind : std::uint8_t {
  kNote,      // text
  kResource,  // a FHIR resource
  kRow,       // of a table
  kMessage,   // HL7 v2
  kDocument,  // C-CDA
};

/// "note", "resource", "row", "message", "document".
std::string_view record_kind_name(RecordKind kind);

/// Where a record came from. `file` is relative to the source's root and may itself hold PHI
/// (some stores name files after patients): show it only through safe_file_label().
struct SourceRef {
  PhiText file;
  std::string file_sha256;  // of the file's bytes, hex
  std::uint64_t line = 0;   // 1-based; 0 where the file is one record
  std::string field;        // JSON path or column, "" where it is the whole line
};

/// One code from a terminology. Codes and displays are not PHI.
struct Code {
  std::string system;  // "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", ...
  std::string code;
  std::string display;
};

/// One value that identifies the patient or a person around them, from the structured record.
struct KnownIdentifier {
  PhiClass phi_class = PhiClass::kOtherId;
  PhiText value;
};

/// What the structured record says of the patient: deid looks for each value in the text.
struct Demographics {
  std::vector<KnownIdentifier> identifiers;
  std::string gender;  // "male", "female", "other", "" unknown
  PhiText birth_date;  // "YYYY-MM-DD" or shorter
};

struct RawRecord {
  std::string record_id;  // "r-" and 16 hex digits of the digest of source and content
  PhiText patient_key;    // the source's id of the patient; "" where there is none
  RecordKind kind = RecordKind::kNote;
  std::string note_type;      // "discharge_summary", "radiology", ... "" where not a note
  std::string resource_type;  // FHIR resource type; "ADT_A01", "ClinicalDocument"; "" else
  SourceRef source;
  PhiText text;  // the note (kNote)
  /// JSON: the resource (kResource) or {"column": "value"} (kRow); ER7 (kMessage); XML (kDocument).
  PhiText structured;
  PhiText encounter_key;  // the source's id of the encounter, "" where there is none
  Demographics demographics;
  std::vector<Code> codes;        // diagnoses of the record's encounter (ICD-10-CM, SNOMED CT)
  std::vector<Code> medications;  // medicines of the record's encounter
};

/// One line of JSON (no newline) and back. The line is PHI.
PhiText to_json_line(const RawRecord& record);
Result<RawRecord> raw_record_from_json_line(const PhiText& line);

}  // namespace residency::ingest
