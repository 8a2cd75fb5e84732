// ingest: hospitals' files into records.
// Takes: folders and files of FHIR R4 (bundles, bulk-export NDJSON), plain notes, CSV and JSON
// lines. Gives: one RawRecord for each resource, note and row, with what the structured record
// knows of its patient; one QuarantineEntry for each thing that could not be read; a report in
// which every unit is accounted for. Keeps: nothing.
// Must never: write a file, put record text or a file's true name into an error or a report, or
// let one bad record end the run.
#pragma once

#include "base/env.h"
#include "base/progress.h"
#include "base/result.h"
#include "ingest/ingest_options.h"
#include "ingest/ingest_report.h"
#include "ingest/quarantine.h"
#include "ingest/raw_record.h"
#include "ingest/safe_file_label.h"

namespace residency::ingest {

/// Takes the records, in order. An error ends the run and is given back as it is.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual Result<void> accept(const RawRecord& record) = 0;
};

/// Takes what was set aside, in order.
class QuarantineSink {
 public:
  virtual ~QuarantineSink() = default;
  virtual Result<void> reject(const QuarantineEntry& entry) = 0;
};

/// Reads every source, in the order of the options, then of the files' paths, then of the lines:
/// equal bytes give equal records in equal order. FHIR files are read twice, as a note's patient
/// may stand in a later file. Memory grows with patients, encounters and the number of ids, not
/// with the bytes read. Errors: what list_sources() gives, kIoError, kCancelled,
/// kFailedPrecondition where a file changed between the two readings, and the sinks' errors. A
/// thing that is bad in itself is an entry in quarantine, never an error.
Result<IngestReport> run(Env& env, const IngestOptions& options, RecordSink& records,
                         QuarantineSink& quarantine, Progress& progress);

}  // namespace residency::ingest
