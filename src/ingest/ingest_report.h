// IngestReport: what was read and what became of each thing in it. Holds no PHI.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::ingest {

/// One source file. A unit is a resource, an attachment, a narrative, a line or a row; where a
/// file as a whole cannot be read, the file is one unit. seen == records + quarantined + skipped.
struct FileReport {
  std::string label;   // safe_file_label()
  std::string sha256;  // of the file's bytes
  std::uint64_t bytes = 0;
  std::uint64_t seen = 0;
  std::uint64_t records = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t skipped = 0;
};

struct IngestReport {
  std::vector<FileReport> files;
  std::uint64_t bytes = 0;
  std::uint64_t seen = 0;
  std::uint64_t records = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t skipped = 0;
  std::uint64_t patients = 0;               // distinct patient keys of the records
  std::uint64_t files_ignored = 0;          // neither a known kind of file nor wanted
  std::uint64_t links_not_followed = 0;     // symbolic links below a source's root
  std::uint64_t identifiers_dropped = 0;    // past the bound of identifiers kept for one patient
  std::uint64_t references_unresolved = 0;  // to a patient or encounter by urn, not found
  std::map<std::string, std::uint64_t> records_by_kind;
  std::map<std::string, std::uint64_t> records_by_resource_type;
  std::map<std::string, std::uint64_t> notes_by_type;
  std::map<std::string, std::uint64_t> quarantined_by_reason;
  std::map<std::string, std::uint64_t> skipped_by_reason;

  /// kInternal unless every unit of every file is accounted for.
  Result<void> check() const;
  /// Types of notes that no table of ours names are shown from 5 notes on, else as "other": a
  /// column taken by mistake may hold names.
  Json to_json() const;
};

}  // namespace residency::ingest
