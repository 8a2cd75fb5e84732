// CleanRecord: what deid gives and everything after it takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deid/clean_text.h"

namespace residency::deid {

/// One code from a terminology (never PHI).
struct CleanCode {
  std::string system;
  std::string code;
  std::string display;
};

struct CleanRecord {
  std::string record_id;  // the RawRecord's: a digest, not derivable without the source
  std::string patient;    // pseudonym from the crosswalk, "" where the source named no patient
  std::string encounter;  // pseudonym, "" where none
  std::string kind;       // "note", "resource", "row"
  std::string note_type;
  std::string resource_type;
  CleanText text;        // the note
  CleanText structured;  // JSON text: the resource or row
  std::vector<CleanCode> codes;
  std::vector<CleanCode> medications;
};

/// One line of JSON (no newline).
std::string to_json_line(const CleanRecord& record);

/// Reads a line that to_json_line() wrote. `attested_by` names the clean-corpus artifact (its
/// digest) whose certificate vouches for the line; empty is refused.
Result<CleanRecord> clean_record_from_json_line(std::string_view line,
                                                std::string_view attested_by);

}  // namespace residency::deid
