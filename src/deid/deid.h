// deid: protected health information out of the records.
// Takes: RawRecords in order, a policy, a crosswalk. Gives: one CleanRecord for each, or one entry
// in quarantine; counts, and a certificate of what was done and which method that allows to claim.
// Keeps: in the crosswalk, what makes pseudonyms, surrogates and shifts the same for one patient.
// Must never: let a record through that it could not read, that is too large, or that still holds a
// value known to identify its patient; put record text into an error, a report or a log.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/clean_record.h"
#include "deid/detect/detector.h"
#include "deid/policy/policy.h"
#include "deid/transform/crosswalk.h"
#include "deid/transform/replacer.h"
#include "ingest/raw_record.h"

namespace residency::deid {

/// Where records come from.
class RawSource {
 public:
  virtual ~RawSource() = default;
  /// Reads the next into `record`; false at the end. An error ends the run.
  virtual Result<bool> next(ingest::RawRecord& record) = 0;
  /// Leaves out the next `records`: those that an earlier run has done. kCorrupt where there are
  /// not as many.
  virtual Result<void> skip(std::uint64_t records);
};

/// Takes the clean records, in order.
class CleanSink {
 public:
  virtual ~CleanSink() = default;
  virtual Result<void> accept(const CleanRecord& record) = 0;
};

/// A record that was set aside. It holds no text of it.
struct DeidQuarantineEntry {
  std::string record_id;
  std::string reason;  // "residual_identifier", "bad_utf8", "too_large", "bad_json", "bad_hl7",
                       // "bad_xml", "empty", "language"
  std::string detail;  // fixed text and numbers only
};

class DeidQuarantineSink {
 public:
  virtual ~DeidQuarantineSink() = default;
  virtual Result<void> reject(const DeidQuarantineEntry& entry) = 0;
};

/// records == clean + quarantined.
struct DeidReport {
  std::uint64_t records = 0;
  std::uint64_t clean = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t patients = 0;  // in the crosswalk
  std::uint64_t bytes = 0;     // of text and structured parts
  ActionCounts counts{};
  std::map<std::string, std::uint64_t> by_kind;
  std::map<std::string, std::uint64_t> quarantined_by_reason;

  Json to_json() const;
  /// Reads what to_json() gave; kCorrupt for anything else.
  static Result<DeidReport> from_json(const Json& json);
};

/// How far a run came: with the crosswalk and what the sinks took, all that going on needs. `names`
/// is PHI.
struct DeidProgress {
  DeidReport report;
  Json names;
};

/// Where a run keeps how far it came. One that is stopped after save() goes on from there and gives
/// the same output, where the crosswalk and the sinks are put back to what they were at that save.
class DeidCheckpoints {
 public:
  virtual ~DeidCheckpoints() = default;
  virtual Result<std::optional<DeidProgress>> last() = 0;
  /// True where it is time for save().
  virtual bool due() const = 0;
  virtual Result<void> save(const DeidProgress& progress) = 0;
};

/// De-identifies every record of `in`. Patients are coded in the order of their first record, so
/// that equal records, options and secret give equal output, on any number of threads. Memory does
/// not grow with the records, only with the patients. Errors: of the source and the sinks,
/// kCancelled, and kInternal where the detector cannot be made.
Result<DeidReport> run(const DeidOptions& options, Crosswalk& crosswalk, RawSource& in,
                       CleanSink& out, DeidQuarantineSink& quarantine, Progress& progress,
                       DeidCheckpoints* checkpoints = nullptr);

/// What was done to a corpus: policy with its digest, the method that may be claimed, the
/// detector's version, counts for each class, and the attestation of 164.514(b)(2)(ii), open until
/// a person gives it. Equal runs give equal certificates; whoever keeps it adds the day it expires
/// from.
Json certificate(const DeidOptions& options, const DeidReport& report);

}  // namespace residency::deid
