// Requests for prior authorization with the decision and its reasons.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "synth/cases/case_rows.h"

namespace residency::synth {

enum class CriterionState : std::uint8_t { kMet, kNotMet, kNotDocumented };

struct PaCriterion {
  std::string name;  // "C1"
  std::string text;
  Template met;
  Template not_met;
  Template reason;  // of not being met
};

struct PaService {
  std::string key;
  std::string text;
  std::vector<PaCriterion> criteria;
};

struct PaDecision {
  std::string decision;              // "approve", "deny", "pend"
  std::vector<std::string> reasons;  // "C2 not met", "C3 not documented", by criterion
};

/// deny where any criterion is not met; else pend where any is not documented; else approve.
PaDecision pa_decision(const std::vector<PaCriterion>& criteria,
                       const std::vector<CriterionState>& states);

/// prior_authorization.tsv; errors name line and field.
Result<std::vector<PaService>> parse_prior_authorization(std::string_view table,
                                                         std::string_view name);

/// A request, criteria and record; decision and reasons to write. Labels: the decision, then the
/// reasons.
MadeCase make_prior_authorization(const std::vector<PaService>& services, const Grammar& grammar,
                                  Random random, std::uint64_t index);

}  // namespace residency::synth
