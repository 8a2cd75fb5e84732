#include "synth/cases/prior_authorization.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace residency::synth {
namespace {

Result<void> add_criterion(const CaseRow& row, PaService& service) {
  PaCriterion made;
  made.name = row.fields[2];
  if (made.name != fmt::format("C{}", service.criteria.size() + 1))
    return invalid_input("criteria must be C1, C2 and so on: " + row.where);
  made.text = row.fields[3];
  RESIDENCY_TRY(made.met, parse_case_template(row, 4));
  RESIDENCY_TRY(made.not_met, parse_case_template(row, 5));
  RESIDENCY_TRY(made.reason, parse_case_template(row, 6));
  if (made.met.empty() || made.not_met.empty() || made.reason.empty())
    return invalid_input("criterion needs met, not met and reason: " + row.where);
  service.criteria.push_back(std::move(made));
  return {};
}

/// States of all criteria: four of ten cases have all met.
std::vector<CriterionState> draw_states(std::size_t count, Random& random) {
  std::vector<CriterionState> states(count, CriterionState::kMet);
  const auto ticket = random.below(100);
  if (ticket < 40) return states;
  const bool denied = ticket < 75;
  const std::size_t first = random.below(count);
  states[first] = denied ? CriterionState::kNotMet : CriterionState::kNotDocumented;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == first || !random.chance(22)) continue;
    states[i] =
        denied && random.chance(50) ? CriterionState::kNotMet : CriterionState::kNotDocumented;
  }
  return states;
}

std::string_view state_name(CriterionState state) {
  switch (state) {
    case CriterionState::kMet:
      return "met";
    case CriterionState::kNotMet:
      return "not met";
    case CriterionState::kNotDocumented:
      return "not documented";
  }
  return "";
}

}  // namespace

PaDecision pa_decision(const std::vector<PaCriterion>& criteria,
                       const std::vector<CriterionState>& states) {
  PaDecision made;
  const auto any = [&](CriterionState state) {
    return std::find(states.begin(), states.end(), state) != states.end();
  };
  made.decision = any(CriterionState::kNotMet)          ? "deny"
                  : any(CriterionState::kNotDocumented) ? "pend"
                                                        : "approve";
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    if (states[i] != CriterionState::kMet)
      made.reasons.push_back(fmt::format("{} {}", criteria[i].name, state_name(states[i])));
  }
  return made;
}

Result<std::vector<PaService>> parse_prior_authorization(std::string_view table,
                                                         std::string_view name) {
  RESIDENCY_TRY(const auto rows, parse_case_rows(table, name, 7));
  std::vector<PaService> services;
  for (const CaseRow& row : rows) {
    if (row.fields[1] == "SERVICE") {
      services.push_back({row.fields[0], row.fields[3], {}});
      continue;
    }
    if (services.empty() || services.back().key != row.fields[0])
      return invalid_input("criterion stands before its service: " + row.where);
    RESIDENCY_TRY_VOID(add_criterion(row, services.back()));
  }
  for (const PaService& service : services) {
    if (service.criteria.empty()) return invalid_input("service has no criteria: " + service.key);
  }
  if (services.empty()) return invalid_input("table has no service: " + std::string(name));
  return services;
}

MadeCase make_prior_authorization(const std::vector<PaService>& services, const Grammar& grammar,
                                  Random random, std::uint64_t index) {
  const PaService& service = random.pick(services);
  const auto states = draw_states(service.criteria.size(), random);
  const PaDecision decision = pa_decision(service.criteria, states);
  MadeCase made;
  std::string criteria;
  std::vector<std::string> statements;
  std::vector<std::string> explained;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const PaCriterion& criterion = service.criteria[i];
    criteria += fmt::format("{}: {}\n", criterion.name, criterion.text);
    CaseText text(random);  // its numbers are its own
    if (states[i] == CriterionState::kMet) statements.push_back(text.write(grammar, criterion.met));
    if (states[i] == CriterionState::kNotMet)
      statements.push_back(text.write(grammar, criterion.not_met));
    if (states[i] == CriterionState::kNotMet) {
      explained.push_back(
          fmt::format("{} not met: {}", criterion.name, text.write(grammar, criterion.reason)));
    } else if (states[i] == CriterionState::kNotDocumented) {
      explained.push_back(criterion.name + " not documented");
    }
    made.missed_a_slot = made.missed_a_slot || text.missed_a_slot();
  }
  CaseText record(random);
  for (int i = random.between(0, 2); i > 0; --i)
    statements.push_back(record.write(grammar, "filler"));
  random.shuffle(statements);
  for (std::string& statement : statements) {
    if (!statement.ends_with('.')) statement.push_back('.');
  }
  record.set("statements", fmt::format("{}", fmt::join(statements, " ")));
  const std::string prompt = fmt::format(
      "Decide on this request for prior authorization: approve, deny, or pend for missing "
      "records. Name every criterion that is not met or not documented.\n\nRequest: "
      "{}\nCriteria:\n{}Record: {}\n\nDecision:",
      service.text, criteria, record.write(grammar, "record"));
  const std::string answer = fmt::format(
      "{}\nReasons: {}", decision.decision,
      explained.empty() ? "all criteria met" : fmt::format("{}", fmt::join(explained, "; ")));
  std::vector<std::string> labels{decision.decision};
  labels.insert(labels.end(), decision.reasons.begin(), decision.reasons.end());
  const std::string id = fmt::format("pa-{:06}", index);
  made.line = {
      {"id", id},
      {"category", service.key},
      {"labels", labels},
      {"messages",
       {{{"role", "user"}, {"content", prompt}}, {{"role", "assistant"}, {"content", answer}}}}};
  made.truth = {{"id", id},
                {"label", decision.decision},
                {"rule", decision.decision == "approve" ? "all criteria are met"
                         : decision.decision == "deny"  ? "a criterion is not met"
                                                        : "a criterion is not documented"},
                {"facts", {{"service", service.key}, {"reasons", decision.reasons}}}};
  made.missed_a_slot = made.missed_a_slot || record.missed_a_slot();
  return made;
}

}  // namespace residency::synth
