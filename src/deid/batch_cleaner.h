// BatchCleaner: many records at once on all cores, with the output that one thread would give.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "deid/cleaner.h"

namespace residency::deid {

class BatchCleaner {
 public:
  /// `threads` 0: one for each core. `rules` as Cleaner's.
  BatchCleaner(const DeidOptions& options, const Detector& detector, Crosswalk& crosswalk,
               std::int64_t threads, const CompiledRules* rules = nullptr);

  /// What became of each record, in their order. Records of one patient are cleaned one after the
  /// other, those of different patients side by side; codes are handed out in the order of the
  /// records. So the output depends on how records fall into batches, never on threads. kCancelled
  /// where `progress` asks to stop. `first` is the place of the first record in the run.
  Result<std::vector<Cleaned>> clean(const std::vector<ingest::RawRecord>& records,
                                     const Progress& progress, std::uint64_t first = 0);

  /// The names found in patients' earlier documents: PHI, to be kept encrypted.
  Json names() const;
  /// Takes what names() gave. kCorrupt for anything else.
  Result<void> set_names(const Json& names);

 private:
  struct Slot;
  struct Group;
  std::vector<Group> groups_of(const std::vector<ingest::RawRecord>& records, std::uint64_t first);
  void clean_group(const std::vector<ingest::RawRecord>& records, const Group& group,
                   std::vector<Slot>& slots, Cleaner::Harmless& harmless) const;

  Crosswalk& crosswalk_;
  Cleaner cleaner_;
  std::size_t threads_;
  std::string salt_;
  std::map<std::string, std::vector<KnownValue>> names_;  // by patient key
  std::vector<Cleaner::Harmless> harmless_;               // by thread
};

}  // namespace residency::deid
