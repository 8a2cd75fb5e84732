// Emitter: the one way out of ingest. Hands records and rejects to the sinks and keeps the account.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "ingest/ingest.h"
#include "ingest/source_files.h"

namespace residency::ingest {

/// Why a unit gave neither a record nor an entry in quarantine.
enum class SkipReason : unsigned char {
  kDuplicate,   // the same id with the same content was seen before
  kNoResource,  // a bundle's entry without a resource, such as a DELETE
  kNoContent,   // an attachment that names no data
  kElsewhere,   // an attachment kept at an address outside the sources
  kRoster,      // a row that tells of a patient
  kUsed,        // a Binary whose text came with the resource that points at it
};

class Emitter {
 public:
  enum class Seen : unsigned char { kNew, kSame, kDiffers };

  Emitter(RecordSink& records, QuarantineSink& quarantine)
      : records_(records), quarantine_(quarantine) {}

  void begin_file(const SourceFile& file, std::string sha256);
  /// Counts one more unit as seen; each must come to one accept(), reject() or skip().
  void unit();
  /// Fills in the record's id and source.
  Result<void> accept(RawRecord record, std::uint64_t line, std::string field);
  Result<void> reject(QuarantineReason reason, std::uint64_t line, std::string field,
                      std::string detail, std::string_view raw, std::string_view id = "",
                      std::uint64_t raw_bytes = 0);
  void skip(SkipReason reason);
  /// Notes the id and says whether it was there before, with what content.
  Seen note_id(std::string_view id, std::string_view content);

  const SourceFile& file() const { return *file_; }
  IngestReport& report() { return report_; }
  IngestReport take_report();

 private:
  FileReport& current() { return report_.files.back(); }

  RecordSink& records_;
  QuarantineSink& quarantine_;
  const SourceFile* file_ = nullptr;
  IngestReport report_;
  std::unordered_map<std::string, std::string> ids_;  // 16 bytes of digest -> 8 of the content's
  std::unordered_set<std::string> patients_;
};

}  // namespace residency::ingest
