// assemble(): from candidate examples to three written splits. Inside dataset only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/line_io.h"
#include "base/progress.h"
#include "base/result.h"
#include "dataset/dataset_options.h"
#include "dataset/dataset_report.h"

namespace residency::dataset {

/// Where the three parts go.
struct SplitSinks {
  LineSink& train;
  LineSink& validation;
  LineSink& test;
};

enum class Split : std::uint8_t { kTrain, kValidation, kTest };

/// Which split `group` (a patient's pseudonym, or an example's id) belongs to: a keyed hash, so
/// that neither the order nor the number of other records matters.
Split split_of(const SplitOptions& options, std::string_view group);

/// An example that passed the filters.
struct Candidate {
  Example example;
  std::optional<Split> split;        // where the source says it itself
  double weight = 1;                 // how often the training split holds it
  std::vector<std::uint64_t> grams;  // of the source's own text, without the template's
};

/// Leaves out duplicates and what is over examples_max, splits by patient, checks that no patient
/// is on two sides, measures contamination, writes the splits in the candidates' order and fills
/// in `report`. kInvalidInput where a split with a share above 0 is left without examples, except
/// validation.
Result<void> assemble(const DatasetOptions& options, std::vector<Candidate> candidates,
                      SplitSinks sinks, DatasetReport& report, Progress& progress);

}  // namespace residency::dataset
