// Replacer: one record's values under the policy.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/policy/policy.h"
#include "deid/transform/crosswalk.h"

namespace residency::deid {

/// How many spans of each class met each action.
using ActionCounts = std::array<std::array<std::uint64_t, kActionNames.size()>, kPhiClassCount>;

class Replacer {
 public:
  /// `latest_year` is the newest year of the record: shorter forms are read by it. Years that tell
  /// an age over 89 by it, or by the newest of the corpus, are left out.
  Replacer(const Policy& policy, PatientCode& code, std::string gender, int latest_year)
      : policy_(policy), code_(code), gender_(std::move(gender)), latest_year_(latest_year) {}

  /// What stands for `text`, which is of `phi_class`.
  std::string replace(PhiClass phi_class, std::string_view text);
  /// `text` with every span replaced.
  std::string apply(std::string_view text, const std::vector<Span>& spans);
  const ActionCounts& counts() const { return counts_; }

 private:
  std::string replaced(Action action, PhiClass phi_class, std::string_view text);
  std::string date(Action action, std::string_view text) const;
  std::string age(Action action, std::string_view text) const;
  std::string code(Action action, std::string_view text) const;
  bool tells_age_over_89(std::string_view text, int days) const;

  const Policy& policy_;
  PatientCode& code_;
  std::string gender_;
  int latest_year_;
  ActionCounts counts_{};
};

/// The newest plausible year among the dates of `text`, `fallback` where there is none.
int latest_year_in(std::string_view text, const std::vector<Span>& spans, int fallback);

}  // namespace residency::deid
