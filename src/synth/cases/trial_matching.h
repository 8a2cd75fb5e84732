// Criteria of clinical trials against patients.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synth/cases/case_rows.h"

namespace residency::synth {

enum class TrialKind : std::uint8_t {
  kNumber,  // a value against a bound
  kMonths,  // how long ago something was, against a bound
  kFact,    // something that is so or not
};

struct TrialAttribute {
  std::string key;
  TrialKind kind = TrialKind::kFact;
  std::pair<int, int> range;  // kNumber, kMonths
  Template statement;         // of the patient's {v}; kFact: that it is so
  Template first;   // kNumber: at least {t}; kMonths: none within {t}; kFact: it is not so
  Template second;  // kNumber: at most {t}; kFact: its name
};

/// How a criterion speaks of an attribute.
enum class CriterionForm : std::uint8_t {
  kAtLeast,
  kAtMost,
  kNotWithin,  // `value` months ago must not be less than the bound
  kPresent,    // the fact's name: an inclusion wants it, an exclusion bars it
};

/// "eligible", "ineligible", or "unknown" where the patient's text says nothing of the attribute.
/// `value`: the patient's; 1 or 0 for a fact. An exclusion bars whom its words fit.
std::string trial_label(CriterionForm form, bool exclusion, std::optional<int> value, int bound);

/// trial_criteria.tsv; errors name line and field.
Result<std::vector<TrialAttribute>> parse_trial_criteria(std::string_view table,
                                                         std::string_view name);

/// Labelled texts, three criteria of each patient: case n is of patient n / 3.
MadeCase make_trial_matching(const std::vector<TrialAttribute>& attributes, const Grammar& grammar,
                             Random seed, std::uint64_t index);

}  // namespace residency::synth
