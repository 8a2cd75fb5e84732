// TableReader: rows of CSV, JSON lines and plain notes into records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/byte_reader.h"
#include "ingest/csv_reader.h"
#include "ingest/emitter.h"
#include "ingest/patient_index.h"

namespace residency::ingest {

class TableReader {
 public:
  /// With `roster` (the first reading of a source that is one) its rows go there, none to
  /// `emitter`.
  TableReader(const SourceOptions& source, const IngestLimits& limits, const PatientIndex& patients,
              Emitter& emitter, PatientIndex* roster = nullptr)
      : source_(source), limits_(limits), patients_(patients), emitter_(emitter), roster_(roster) {}

  /// Errors of `bytes` (kInvalidInput, kResourceExhausted, kIoError) are given back with
  /// `reading_failed` set; the sinks' errors without.
  Result<void> csv(ByteReader& bytes, bool tabs);
  Result<void> jsonl(ByteReader& bytes);
  Result<void> note(std::string_view bytes, bool html);

  bool reading_failed() const { return reading_failed_; }

 private:
  using Row = std::vector<std::pair<std::string, std::string>>;  // name, value
  Result<void> row(Row row, std::string structured, std::string_view raw, std::uint64_t line);
  Result<void> roster_row(const Row& row, std::string_view raw, std::uint64_t line);
  Result<void> reject_row(QuarantineReason reason, std::uint64_t line, std::string field,
                          std::string detail, std::string_view raw);
  Result<bool> next_csv(CsvReader& reader, CsvRow& csv);
  Result<bool> csv_fields(CsvRow& csv, const std::vector<std::string>& names);
  Result<std::string> csv_header(CsvReader& reader, std::vector<std::string>& names);
  /// The first column the options name that is not among `names`, "" where all are there.
  std::string missing_column(const std::vector<std::string>& names) const;
  Result<void> json_line(std::string_view text, std::uint64_t line);

  const SourceOptions& source_;
  const IngestLimits& limits_;
  const PatientIndex& patients_;
  Emitter& emitter_;
  PatientIndex* roster_;
  bool reading_failed_ = false;
};

}  // namespace residency::ingest
