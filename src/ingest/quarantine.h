// QuarantineEntry: one thing that could not become a record, and why.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// Why something was set aside. Closed: reports count by it.
enum class QuarantineReason : std::uint8_t {
  kTruncatedJson,           // the file or line ends inside a value
  kBadJson,                 // not JSON, or nested too deeply
  kNotFhir,                 // JSON, but no FHIR resource
  kBadBase64,               // attachment data that does not decode
  kBadUtf8,                 // text that is not in its declared encoding
  kTooLarge,                // past a limit of the options
  kMissingField,            // a field the options ask for is not there
  kDuplicateId,             // an id seen before, with other content
  kUnsupportedContentType,  // an attachment that is not text
  kUnresolvedReference,     // an attachment kept in a Binary that is not here
  kBadCsvRow,               // quotes or number of fields wrong
  kBadGzip,                 // compressed bytes that do not expand
  kEmptyFile,               // no bytes, or no record
  kBadHl7,                  // no HL7 v2 message
  kBadXml,                  // XML that cannot be read, or is no C-CDA document
};

inline constexpr std::array<std::string_view, 15> kQuarantineReasonNames{
    "truncated_json",       "bad_json",     "not_fhir",
    "bad_base64",           "bad_utf8",     "too_large",
    "missing_field",        "duplicate_id", "unsupported_content_type",
    "unresolved_reference", "bad_csv_row",  "bad_gzip",
    "empty_file",           "bad_hl7",      "bad_xml"};

constexpr std::string_view quarantine_reason_name(QuarantineReason reason) {
  return kQuarantineReasonNames[static_cast<std::size_t>(reason)];
}

/// The most bytes of what was rejected that an entry keeps.
inline constexpr std::size_t kQuarantineRawBytesMax = 64u << 10;

struct QuarantineEntry {
  SourceRef source;
  QuarantineReason reason = QuarantineReason::kBadJson;
  std::string field;            // JSON path or column, "" where it is the whole line or file
  std::string detail;           // fixed text and numbers only
  std::string id_digest;        // 16 hex digits of the digest of "Type/id", "" where there is no id
  PhiText raw;                  // the first kQuarantineRawBytesMax bytes of what was rejected
  std::uint64_t raw_bytes = 0;  // how many there were
};

/// One line of JSON (no newline) and back. The line is PHI. `raw` is kept as base64, as it need
/// not be UTF-8.
PhiText to_json_line(const QuarantineEntry& entry);
Result<QuarantineEntry> quarantine_entry_from_json_line(const PhiText& line);

}  // namespace residency::ingest
