// Cleaner: one record through detection, policy and transforms. Holds no state between records, so
// that records of different patients can be cleaned side by side.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "deid/clean_record.h"
#include "deid/deid.h"
#include "deid/detect/detector.h"
#include "deid/structured/element_record.h"
#include "deid/transform/code_book.h"
#include "deid/transform/crosswalk.h"
#include "ingest/raw_record.h"

namespace residency::deid {

/// What a patient's records share while they are cleaned. One thread at a time.
struct PatientScope {
  PatientCode* code = nullptr;               // null: the record names no patient
  std::vector<KnownValue>* names = nullptr;  // found in the patient's earlier documents
  std::uint64_t place = 0;                   // of the record in the run, where it names no patient
};

/// What became of one record: `record`, or the reason it is set aside.
struct Cleaned {
  std::optional<CleanRecord> record;
  DeidQuarantineEntry why;
  ActionCounts counts{};
  std::uint64_t bytes = 0;
};

class Cleaner {
 public:
  /// `rules` are the policy's own by path; null where it has none.
  Cleaner(const DeidOptions& options, const Detector& detector, const Crosswalk& crosswalk,
          const CompiledRules* rules = nullptr)
      : options_(options), detector_(detector), crosswalk_(crosswalk), rules_(rules) {}

  /// Displays of codes in which nothing was found: a cache, one for each thread.
  using Harmless = std::unordered_set<std::string>;

  /// `book` gives the record's codes. Errors: what the detector gives.
  Result<Cleaned> clean(const ingest::RawRecord& raw, const PatientScope& patient, CodeBook& book,
                        Harmless& harmless) const;

 private:
  Result<std::string> clean_structure(const ingest::RawRecord& raw, const RecordScope& scope,
                                      const PatientCode& code) const;

  const DeidOptions& options_;
  const Detector& detector_;
  const Crosswalk& crosswalk_;
  const CompiledRules* rules_;
};

}  // namespace residency::deid
