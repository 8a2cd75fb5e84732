// build(): clean records to training, validation and test examples.
#pragma once

#include "base/env.h"
#include "base/progress.h"
#include "base/result.h"
#include "dataset/assemble.h"
#include "dataset/dataset_options.h"
#include "dataset/dataset_report.h"
#include "deid/clean_record.h"

namespace residency::dataset {

/// Examples in all splits together take at most this many bytes; they are held while they are
/// split and compared.
inline constexpr std::uint64_t kDatasetBytesMax = 8ull << 30;

/// Gives clean records in order.
class CleanRecordSource {
 public:
  virtual ~CleanRecordSource() = default;
  /// False at the end.
  virtual Result<bool> next(deid::CleanRecord& record) = 0;
};

/// Builds the splits of a task over records. Deterministic for the same records and options.
Result<DatasetReport> build(const DatasetOptions& options, CleanRecordSource& records,
                            SplitSinks sinks, Progress& progress);

/// An example of a public corpus, with the split that the corpus puts it in, if it does.
struct GivenExample {
  Example example;
  std::optional<Split> split;
};

/// Builds the splits of a task over a corpus out of what was read of it, under its waiver.
Result<DatasetReport> build_given(const DatasetOptions& options, std::vector<GivenExample> given,
                                  SplitSinks sinks, Progress& progress);

/// Builds the splits of a public set from the file `options.path`, under its waiver. Errors name
/// file, line and field.
Result<DatasetReport> build_public(const DatasetOptions& options, Env& env, SplitSinks sinks,
                                   Progress& progress);

}  // namespace residency::dataset
