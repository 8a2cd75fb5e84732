#include "synth/cases/trial_matching.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace residency::synth {
namespace {

constexpr std::uint64_t kCriteriaEach = 3;

struct Patient {
  std::string text;
  std::map<std::size_t, int> values;  // of attributes by index: what the text says
  bool missed_a_slot = false;
};

Patient draw_patient(const std::vector<TrialAttribute>& attributes, const Grammar& grammar,
                     Random random) {
  std::vector<std::size_t> order(attributes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  order.resize(std::min<std::size_t>(order.size(), 5 + random.below(4)));
  Patient patient;
  std::vector<std::string> statements;
  for (const std::size_t i : order) {
    const TrialAttribute& attribute = attributes[i];
    CaseText text(random);
    if (attribute.kind == TrialKind::kFact) {
      const bool holds = random.chance(55);
      patient.values[i] = holds ? 1 : 0;
      statements.push_back(text.write(grammar, holds ? attribute.statement : attribute.first));
    } else {
      patient.values[i] = random.between(attribute.range.first, attribute.range.second);
      text.set("v", std::to_string(patient.values[i]));
      statements.push_back(text.write(grammar, attribute.statement));
    }
    patient.missed_a_slot = patient.missed_a_slot || text.missed_a_slot();
  }
  CaseText text(random);
  std::erase(statements, "");
  for (std::string& statement : statements) {
    char& letter = statement.front();
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  text.set("statements", fmt::format("{}.", fmt::join(statements, ". ")));
  patient.text = text.write(grammar, "patient");
  return patient;
}

struct Criterion {
  CriterionForm form = CriterionForm::kPresent;
  bool exclusion = false;
  int bound = 0;
  std::string text;
  bool missed_a_slot = false;
};

Criterion draw_criterion(const TrialAttribute& attribute, std::optional<int> value,
                         const Grammar& grammar, Random& random) {
  Criterion made;
  CaseText text(random);
  const Template* words = &attribute.second;
  if (attribute.kind == TrialKind::kFact) {
    made.exclusion = random.chance(50);
  } else {
    const auto [low, high] = attribute.range;
    // Half of the bounds are on the value's one side, half on its other.
    const bool above = random.chance(50);
    made.bound = !value  ? random.between(low, high)
                 : above ? random.between(*value, high)
                         : random.between(low, *value);
    text.set("t", std::to_string(made.bound));
    if (attribute.kind == TrialKind::kMonths) {
      made.form = CriterionForm::kNotWithin;
      words = &attribute.first;
    } else {
      const bool at_least =
          attribute.second.empty() || (!attribute.first.empty() && random.chance(50));
      made.form = at_least ? CriterionForm::kAtLeast : CriterionForm::kAtMost;
      words = at_least ? &attribute.first : &attribute.second;
      made.exclusion = random.chance(20);
    }
  }
  made.text = text.write(grammar, *words);
  made.missed_a_slot = text.missed_a_slot();
  return made;
}

Result<TrialKind> read_kind(const CaseRow& row) {
  if (row.fields[1] == "number") return TrialKind::kNumber;
  if (row.fields[1] == "months") return TrialKind::kMonths;
  if (row.fields[1] == "fact") return TrialKind::kFact;
  return invalid_input("kind must be number, months or fact: " + row.where);
}

}  // namespace

std::string trial_label(CriterionForm form, bool exclusion, std::optional<int> value, int bound) {
  if (!value) return "unknown";
  bool fits = false;
  switch (form) {
    case CriterionForm::kAtLeast:
    case CriterionForm::kNotWithin:
      fits = *value >= bound;
      break;
    case CriterionForm::kAtMost:
      fits = *value <= bound;
      break;
    case CriterionForm::kPresent:
      fits = *value != 0;
      break;
  }
  return fits != exclusion ? "eligible" : "ineligible";
}

Result<std::vector<TrialAttribute>> parse_trial_criteria(std::string_view table,
                                                         std::string_view name) {
  RESIDENCY_TRY(const auto rows, parse_case_rows(table, name, 8));
  std::vector<TrialAttribute> attributes;
  for (const CaseRow& row : rows) {
    TrialAttribute made;
    made.key = row.fields[0];
    RESIDENCY_TRY(made.kind, read_kind(row));
    if (made.kind != TrialKind::kFact) {
      CaseRow range = row;
      range.fields[2] += "-" + row.fields[3];
      RESIDENCY_TRY(made.range, parse_case_range(range, 2));
    }
    RESIDENCY_TRY(made.statement, parse_case_template(row, 5));
    RESIDENCY_TRY(made.first, parse_case_template(row, 6));
    RESIDENCY_TRY(made.second, parse_case_template(row, 7));
    const bool whole =
        !made.statement.empty() &&
        (made.kind == TrialKind::kNumber   ? !made.first.empty() || !made.second.empty()
         : made.kind == TrialKind::kMonths ? !made.first.empty()
                                           : !made.first.empty() && !made.second.empty());
    if (!whole) return invalid_input("row lacks a form: " + row.where);
    attributes.push_back(std::move(made));
  }
  if (attributes.size() < 2) return invalid_input("table has too few rows: " + std::string(name));
  return attributes;
}

MadeCase make_trial_matching(const std::vector<TrialAttribute>& attributes, const Grammar& grammar,
                             Random seed, std::uint64_t index) {
  const std::uint64_t number = index / kCriteriaEach;
  const Patient patient = draw_patient(attributes, grammar, seed.fork(2 * number));
  Random random = seed.fork(2 * number + 1).fork(index % kCriteriaEach);
  // A third of the criteria asks for what the text does not say.
  const bool silent = random.chance(33) && patient.values.size() < attributes.size();
  std::vector<std::size_t> fit;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if ((patient.values.count(i) == 0) == silent) fit.push_back(i);
  }
  const std::size_t asked = random.pick(fit);
  const auto known = patient.values.find(asked);
  const auto value =
      known == patient.values.end() ? std::nullopt : std::optional<int>(known->second);
  const Criterion criterion = draw_criterion(attributes[asked], value, grammar, random);
  const std::string label =
      trial_label(criterion.form, criterion.exclusion, value, criterion.bound);
  const std::string id = fmt::format("trial-{:06}", index);
  MadeCase made;
  made.line = {{"id", id},
               {"patient", fmt::format("trial-patient-{:06}", number)},
               {"text", fmt::format("{} criterion: {}\nPatient: {}",
                                    criterion.exclusion ? "Exclusion" : "Inclusion", criterion.text,
                                    patient.text)},
               {"label", label}};
  Json facts{{"attribute", attributes[asked].key},
             {"exclusion", criterion.exclusion},
             {"bound", criterion.bound}};
  if (value) facts["value"] = *value;
  made.truth = {{"id", id},
                {"label", label},
                {"rule", !value                ? "the text does not say"
                         : label == "eligible" ? "what the text says agrees with the criterion"
                                               : "what the text says is against the criterion"},
                {"facts", facts}};
  made.missed_a_slot = patient.missed_a_slot || criterion.missed_a_slot;
  return made;
}

}  // namespace residency::synth
