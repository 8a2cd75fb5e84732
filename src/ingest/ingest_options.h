// IngestOptions: which sources to read, how, and the limits on all that is read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/phi_class.h"
#include "base/result.h"

namespace residency::ingest {

/// Which column (CSV) or key (JSONL) holds what. "" takes the first of the usual names that is
/// there: text: text, note_text, note, transcription; patient_id: patient_id, subject_id, patient;
/// encounter_id: encounter_id, hadm_id, visit_id; note_type: note_type, category;
/// id: id, note_id, row_id. A column that is named must be there.
struct ColumnMap {
  std::string text;
  std::string patient_id;
  std::string encounter_id;
  std::string note_type;
  std::string id;
  /// Columns that identify the patient, with their class: given to deid with the row's record.
  std::map<std::string, PhiClass> identifiers;
};

/// One folder or file.
struct SourceOptions {
  std::string path;
  /// auto (by each file's name and first line), fhir_bundle, fhir_ndjson, notes, csv, jsonl, hl7v2,
  /// ccda.
  std::string format = "auto";
  ColumnMap columns;
  /// Globs on the path below `path`; `*` matches any characters, `/` too, `?` one. A file is read
  /// where an include matches (or there is none) and no exclude does.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string encoding = "utf-8";     // of notes, CSV and JSONL: utf-8, latin1, windows-1252
  std::string note_type;              // of plain notes and rows that name none
  std::string patient_from = "none";  // of plain notes: none, folder (the one the file is in), file
  /// CSV and JSONL: each row tells of the patient whom its id names, and is no record. What it says
  /// is looked for in every record of that patient, whichever source that comes from.
  bool roster = false;
};

struct IngestLimits {
  std::uint64_t bundle_bytes_max = 512ull << 20;   // one FHIR bundle file
  std::uint64_t line_bytes_max = 16ull << 20;      // one NDJSON or JSONL line, CSV row or resource
  std::uint64_t text_bytes_max = 4ull << 20;       // one note
  std::uint64_t expanded_bytes_max = 64ull << 30;  // one gzip file, expanded
  std::int64_t files_max = 1'000'000;              // in all sources
};

struct IngestOptions {
  std::vector<SourceOptions> sources;
  IngestLimits limits;

  /// Strict: unknown keys and values out of bounds are refused, all at once.
  static Result<IngestOptions> from_config(const ConfigNode& node);
  /// Everything that decides the records, keys sorted.
  std::string canonical_json() const;
};

/// True where `path` matches `glob` (see SourceOptions). Time is at most the product of lengths.
bool glob_matches(std::string_view glob, std::string_view path);

}  // namespace residency::ingest
