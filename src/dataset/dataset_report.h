// DatasetReport: every record accounted for, and what the splits hold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "dataset/contamination.h"

namespace residency::dataset {

struct SplitReport {
  std::uint64_t examples = 0;
  std::uint64_t patients = 0;  // groups that no other split holds a part of
  std::uint64_t labels = 0;    // over the examples
  std::uint64_t distinct_labels = 0;
  std::map<std::string, std::uint64_t> categories;  // examples by category
};

/// A line of a public set that was left out.
struct RejectedLine {
  std::uint64_t line = 0;
  std::string reason;  // names the field, never its value
};

struct DatasetReport {
  std::string task;
  std::uint64_t records = 0;                      // read
  std::map<std::string, std::uint64_t> left_out;  // records by reason
  std::uint64_t texts_cut = 0;                    // kept, but cut to text_characters_max
  std::map<std::string, SplitReport> splits;      // "train", "validation", "test"
  std::uint64_t test_labels_unseen_in_train = 0;  // distinct
  ContaminationReport contamination;
  std::string waiver_person;  // for public sets
  std::string waiver_reason;
  std::vector<RejectedLine> rejected;  // the first kRejectedShownMax

  static constexpr std::size_t kRejectedShownMax = 1000;

  /// Deterministic; no record text.
  Json to_json() const;
};

}  // namespace residency::dataset
