#include "guard/bench/guard_bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

namespace residency::guard {
namespace {

constexpr double kZ = 1.959963984540054;

double wilson(const Share& share, double sign) {
  if (share.all == 0) return sign < 0 ? 0 : 1;
  const auto n = static_cast<double>(share.all);
  const double p = share.value();
  const double middle = p + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return std::clamp((middle + sign * half) / (1 + kZ * kZ / n), 0.0, 1.0);
}

void count(std::map<std::string, Share>& shares, const std::string& name, bool hit) {
  Share& share = shares[name];
  ++share.all;
  share.hits += hit ? 1 : 0;
}

/// What the guardrail makes of one case, and what leaves.
std::string run_one(const GuardCase& one, const Guardrail& guardrail, std::size_t piece_bytes,
                    CaseOutcome& result) {
  if (one.direction == Direction::kInput) {
    Conversation conversation = one.conversation;
    conversation.turns.push_back({"user", one.text});
    InputVerdict verdict = guardrail.check_input(conversation);
    result.outcome = verdict.outcome;
    result.findings = std::move(verdict.findings);
    return verdict.message.empty() ? verdict.texts.back() : verdict.message;
  }
  const auto stream = guardrail.open_output(one.conversation);
  std::string out;
  for (std::size_t at = 0; at < one.text.size(); at += piece_bytes)
    out += stream->feed(std::string_view(one.text).substr(at, piece_bytes));
  out += stream->finish();
  result.outcome = stream->outcome();
  result.findings = stream->findings();
  return out;
}

}  // namespace

double Share::low() const { return wilson(*this, -1); }
double Share::high() const { return wilson(*this, 1); }

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

GuardBenchReport run_cases(const std::vector<GuardCase>& cases,
                           const std::function<const Guardrail&(Mode)>& guardrail_of,
                           std::size_t piece_bytes, Progress* progress) {
  GuardBenchReport report;
  for (const GuardCase& one : cases) {
    CaseOutcome result;
    result.given = &one;
    const Guardrail& guardrail = guardrail_of(one.mode);
    const auto started = std::chrono::steady_clock::now();
    const std::string left = run_one(one, guardrail, std::max<std::size_t>(piece_bytes, 1), result);
    const double us =
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started)
            .count();
    (one.direction == Direction::kInput ? report.input_us : report.output_us).push_back(us);
    for (const std::string& gone : one.gone)
      result.leaked = result.leaked || left.find(gone) != std::string::npos;
    for (const Finding& finding : result.findings)
      result.own = result.own || finding.policy == one.policy;
    result.caught = result.outcome != Outcome::kPass || result.own;
    if (one.harmful) {
      count(report.recall, one.policy, result.caught && !result.leaked);
      count(report.own_recall, one.policy, result.own && !result.leaked);
      ++report.recall_of_all.all;
      report.recall_of_all.hits += result.caught && !result.leaked ? 1 : 0;
      ++report.leaks.all;
      report.leaks.hits += result.leaked ? 1 : 0;
    } else {
      const bool alarm = result.outcome != Outcome::kPass;
      ++report.alarms_of_all.all;
      report.alarms_of_all.hits += alarm ? 1 : 0;
      count(report.alarms_in, one.category, alarm);
      std::set<std::string> policies;
      for (const Finding& finding : result.findings) {
        if (!finding.dry_run && finding.action > Action::kDetect) policies.insert(finding.policy);
      }
      for (const std::string& policy : policies) ++report.alarms[policy].hits;
    }
    report.outcomes.push_back(std::move(result));
    if (progress != nullptr) progress->update(report.outcomes.size(), cases.size(), "cases", "");
    if (progress != nullptr && progress->cancelled()) break;
  }
  for (auto& [policy, share] : report.recall) static_cast<void>(report.alarms[policy]);
  for (auto& [policy, share] : report.alarms) share.all = report.alarms_of_all.all;
  return report;
}

}  // namespace residency::guard
