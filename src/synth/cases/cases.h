// CaseSets: examples of medical use cases that no public set shows, with the rule that decides
// each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "synth/cases/case_rows.h"

namespace residency::synth {

inline constexpr int kCasesEachMax = 1'000'000;

/// "ed_triage", "prior_authorization", "radiology_impression", "trial_matching".
const std::vector<std::string>& case_set_names();

class CaseSets {
 public:
  ~CaseSets();
  CaseSets(CaseSets&&) noexcept;

  /// The tables linked into this binary; errors name table and line (a test holds that there are
  /// none).
  static Result<CaseSets> load();
  /// What load() reads, concatenated: its digest stands in the output's marker.
  static std::string source_text();

  /// Case `index` of the set `name`, of case_set_names(): equal for equal arguments.
  MadeCase make(std::string_view name, std::uint64_t seed, std::uint64_t index) const;

 private:
  struct Tables;
  explicit CaseSets(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

}  // namespace residency::synth
