// Verdicts: what reviewers marked in a sample, and what it says of the whole corpus.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/phi_class.h"
#include "base/result.h"
#include "deid/proof/interval.h"
#include "deid/proof/review_sample.h"

namespace residency::deid {

/// One identifier that a reviewer saw. Offsets in code points.
struct Leak {
  std::size_t begin = 0;
  std::size_t end = 0;
  PhiClass phi_class = PhiClass::kOtherId;
};

/// By record id; a record without leaks was read and found clean.
using Verdicts = std::map<std::string, std::vector<Leak>>;

/// Reads a sheet: a line of JSON for every document of the sample, {"record": ID, "leaks":
/// [{"begin", "end", "class"}]}. kInvalidInput naming `name` and the line for a record that is not
/// in the sample or stands twice, offsets outside of its text, an unknown class, or a document
/// without an answer. Texts never stand in an error.
Result<Verdicts> read_verdicts(std::string_view sheet, const std::string& name,
                               const ReviewSample& sample);

struct ReviewEstimate {
  std::uint64_t documents = 0;
  std::uint64_t words = 0;
  std::uint64_t documents_with_leaks = 0;
  std::uint64_t leaks = 0;  // of both reviewers, the same one counted once
  std::map<std::string, std::uint64_t> by_class;
  Interval document_risk;  // of a document to hold a leak
  double leak_bound = 1;   // 3/n where none was found, else document_risk.high
  std::uint64_t reviewers = 0;
  std::optional<Recapture> recapture;  // with two reviewers
  std::optional<double> kappa;         // over documents, with two reviewers

  Json to_json() const;
};

/// One or two reviewers' verdicts over the same sample.
ReviewEstimate estimate(const ReviewSample& sample, const std::vector<Verdicts>& reviewers);

}  // namespace residency::deid
