// GuardBench: recall and false alarms of each policy over labelled cases.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/progress.h"
#include "guard/bench/guard_case.h"
#include "guard/guardrail.h"

namespace residency::guard {

/// `hits` of `all`, and the 95 % interval of the share (Wilson).
struct Share {
  std::size_t hits = 0;
  std::size_t all = 0;
  double value() const {
    return all == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(all);
  }
  double low() const;
  double high() const;
};

struct CaseOutcome {
  const GuardCase* given = nullptr;
  Outcome outcome = Outcome::kPass;
  std::vector<Finding> findings;
  bool caught = false;  // something acted on it, or would have (dry run, detect) by its own policy
  bool own = false;     // by the policy the case names
  bool leaked = false;  // a text that had to be gone is in what leaves
};

struct GuardBenchReport {
  std::map<std::string, Share> recall;      // by policy of the harmful cases: caught by anything
  std::map<std::string, Share> own_recall;  // by the policy itself
  std::map<std::string, Share> alarms;      // by policy: ordinary cases it stopped or changed
  std::map<std::string, Share> alarms_in;   // by category of the ordinary cases
  Share recall_of_all;
  Share alarms_of_all;
  Share leaks;
  std::vector<CaseOutcome> outcomes;
  std::vector<double> input_us;   // of each question
  std::vector<double> output_us;  // of each answer, whole
};

/// `guardrail_of` gives the guardrail for a case's mode. An answer passes as a stream in pieces of
/// `piece_bytes`.
GuardBenchReport run_cases(const std::vector<GuardCase>& cases,
                           const std::function<const Guardrail&(Mode)>& guardrail_of,
                           std::size_t piece_bytes, Progress* progress);

/// The value below which `share` (0 to 1) of the values lie; 0 where there are none.
double quantile(std::vector<double> values, double share);

}  // namespace residency::guard
