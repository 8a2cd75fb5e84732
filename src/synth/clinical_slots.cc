#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "synth/note_sink.h"

namespace residency::synth {
namespace {

constexpr std::string_view kIcd10Cm = "http://hl7.org/fhir/sid/icd-10-cm";
constexpr std::string_view kRxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
constexpr std::string_view kSnomed = "http://snomed.info/sct";

bool share_group(const Condition& a, const Condition& b) {
  return std::any_of(a.groups.begin(), a.groups.end(), [&](const std::string& group) {
    return std::find(b.groups.begin(), b.groups.end(), group) != b.groups.end();
  });
}

}  // namespace

const NoteSink::SlotTable& NoteSink::clinical_slots() {
  static const SlotTable table{{"n", &NoteSink::number},
                               {"h", &NoteSink::header},
                               {"dx", &NoteSink::problem},
                               {"cc", &NoteSink::symptom},
                               {"finding", &NoteSink::finding},
                               {"not", &NoteSink::distractor},
                               {"m", &NoteSink::medicine},
                               {"todo", &NoteSink::plan_item},
                               {"study", &NoteSink::study},
                               {"study_finding", &NoteSink::study_finding},
                               {"proc", &NoteSink::procedure},
                               {"proc_course", &NoteSink::procedure_course},
                               {"underwent", &NoteSink::underwent},
                               {"allergies", &NoteSink::allergies},
                               {"vitals", &NoteSink::vitals},
                               {"interaction", &NoteSink::interaction}};
  return table;
}

// {n:LOW-HIGH}
void NoteSink::number(std::string_view argument) {
  const auto dash = argument.find('-');
  int low = 0;
  int high = 9;
  if (dash != std::string_view::npos) {
    std::from_chars(argument.data(), argument.data() + dash, low);
    std::from_chars(argument.data() + dash + 1, argument.data() + argument.size(), high);
  }
  out_.put(std::to_string(random_.between(low, std::max(low, high))));
}

// {h:Assessment}: the header in the note's style, ready for the text that follows.
void NoteSink::header(std::string_view argument) {
  if (out_.last() != '\n') out_.put("\n");
  switch (style_.header) {
    case 0:
      return out_.put(fmt::format("{}:\n", upper_utf8(argument)));
    case 1:
      return out_.put(fmt::format("{}: ", argument));
    case 2:
      return out_.put(fmt::format("## {}\n", argument));
    case 3:
      return out_.put(fmt::format("**{}:** ", argument));
    case 4:
      return out_.put(
          fmt::format("{}\n{}\n", upper_utf8(argument), std::string(argument.size(), '-')));
    default:
      return out_.put(fmt::format("{}: ", upper_utf8(argument)));
  }
}

void NoteSink::put_problem(const Condition& condition, std::string_view assertion) {
  const std::size_t start = out_.size();
  expand(random_.pick(condition.phrases));
  out_.mark_entity(start, "PROBLEM", std::string(kIcd10Cm), condition.codes.front(),
                   std::string(assertion));
}

void NoteSink::problem(std::string_view) {
  put_problem(*encounter_.conditions[condition_], "present");
}

void NoteSink::symptom(std::string_view) {
  expand(random_.pick(encounter_.conditions[condition_]->symptoms));
}

void NoteSink::finding(std::string_view) {
  const auto& findings = encounter_.conditions[condition_]->findings;
  const Template& one = random_.pick(findings);
  if (said_.insert(&one).second) expand(one);
}

// {not:absent} {not:ruled_out} {not:family} {not:historical}: a diagnosis that the patient does not
// have now, of a group that no diagnosis of the encounter shares.
void NoteSink::distractor(std::string_view argument) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const Condition& other = random_.pick(tables_.conditions);
    const bool clash = std::any_of(
        encounter_.conditions.begin(), encounter_.conditions.end(),
        [&](const Condition* own) { return own == &other || share_group(*own, other); });
    if (clash || other.groups.front() == "preg") continue;
    if (other.chronic && argument == "historical") continue;  // those do not go away
    if (other.sex != 'a' && (other.sex == 'f') != plan_.person.female) continue;
    return put_problem(other, argument);
  }
  out_.put("other acute illness");
}

void NoteSink::put_drug(const Medication& medication, bool brand) {
  out_.put_entity(brand ? medication.drug->brand : medication.drug->key, "DRUG",
                  std::string(kRxNorm), medication.drug->rxnorm);
}

void NoteSink::put_medication(const Medication& medication) {
  const bool brand = !medication.drug->brand.empty() && random_.chance(18);
  put_drug(medication, brand);
  out_.put(" ");
  out_.put_entity(medication.dose, "DOSE");
  out_.put(" ");
  if (!style_.terse || random_.chance(70)) {
    out_.put_entity(medication.drug->route, "ROUTE");
    out_.put(" ");
  }
  out_.put_entity(medication.frequency, "FREQUENCY");
}

// A medicine of the current diagnosis that the encounter's list holds.
void NoteSink::medicine(std::string_view) {
  const auto& drugs = encounter_.conditions[condition_]->drugs;
  for (const Medication& medication : encounter_.medications) {
    if (std::find(drugs.begin(), drugs.end(), medication.drug->key) == drugs.end()) continue;
    if (random_.chance(40)) return put_medication(medication);
    return put_drug(medication, false);
  }
  out_.put("medication as ordered");
}

void NoteSink::plan_item(std::string_view) {
  expand(random_.pick(encounter_.conditions[condition_]->plans));
}

void NoteSink::study(std::string_view) {
  if (imaging_ == nullptr) return out_.put("XR chest");
  out_.put_entity(imaging_->study, "PROCEDURE");
}

void NoteSink::study_finding(std::string_view) {
  if (imaging_ == nullptr) return out_.put("No acute cardiopulmonary process.");
  expand(imaging_->finding);
}

void NoteSink::procedure(std::string_view) {
  if (encounter_.procedure == nullptr) return out_.put("none");
  const Procedure& procedure = *encounter_.procedure;
  out_.put_entity(random_.pick(procedure.names), "PROCEDURE",
                  procedure.snomed.empty() ? "" : std::string(kSnomed), procedure.snomed);
}

void NoteSink::procedure_course(std::string_view) {
  if (encounter_.procedure == nullptr) return;
  tables_.grammar.expand(encounter_.procedure->findings, random_, *this);
}

// "Underwent ... on ... . " where there was a procedure.
void NoteSink::underwent(std::string_view) {
  if (encounter_.procedure == nullptr) return;
  static constexpr std::string_view verbs[] = {"Underwent ", "Had ", "Taken for "};
  out_.put(verbs[random_.below(3)]);
  procedure("");
  out_.put(" on ");
  day("start");
  out_.put(". ");
}

void NoteSink::allergies(std::string_view) {
  if (plan_.allergies.empty()) {
    static constexpr std::string_view none[] = {"NKDA", "no known drug allergies", "None known",
                                                "NKA"};
    return out_.put(none[random_.below(4)]);
  }
  const Drug& drug = tables_.drugs.find(plan_.allergies.front())->second;
  out_.put_entity(drug.key, "DRUG", std::string(kRxNorm), drug.rxnorm);
  static constexpr std::string_view reactions[] = {" (rash)", " - hives", " (anaphylaxis)", ""};
  out_.put(reactions[random_.below(4)]);
}

void NoteSink::vitals(std::string_view) {
  const Vitals& v = encounter_.vitals;
  static constexpr std::string_view forms[] = {
      "T {0}, HR {1}, BP {2}/{3}, RR {4}, SpO2 {5}% RA",
      "BP {2}/{3} HR {1} RR {4} T {0} O2 sat {5}%",
      "Temp {0} F, pulse {1}, blood pressure {2}/{3}, respirations {4}, oxygen saturation {5}%",
      "VS: {0} | {1} | {2}/{3} | {4} | {5}% on RA",
      "T-{0} P-{1} R-{4} BP-{2}/{3} sat {5}%",
      "Vitals T {0}F P {1} BP {2}/{3} R {4} pain {6}/10 wt {7} kg"};
  out_.put(fmt::format(fmt::runtime(forms[random_.below(6)]), v.temperature_f, v.heart_rate,
                       v.systolic, v.diastolic, v.respirations, v.oxygen, v.pain, v.weight_kg));
}

// A sentence on one of the interactions that the medicines hold, "" where they hold none.
void NoteSink::interaction(std::string_view) {
  if (encounter_.interactions.empty() || !written_.interactions.empty()) return;
  const PlannedInteraction& planned = random_.pick(encounter_.interactions);
  InteractionMention mention;
  mention.pair = planned.pair;
  if (out_.last() != '\n' && out_.last() != ' ') out_.put(" ");
  if (random_.chance(30)) out_.put("Pharmacy note: ");
  mention.sentence_start = out_.size();
  std::string_view rest = planned.pair->text;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    out_.put(rest.substr(0, open));
    if (open == std::string_view::npos) break;
    const bool first = rest[open + 1] == 'a';
    const std::size_t start = out_.size();
    put_drug(encounter_.medications[first ? planned.first : planned.second], false);
    (first ? mention.first_start : mention.second_start) = start;
    (first ? mention.first_end : mention.second_end) = out_.size();
    rest.remove_prefix(open + 3);
  }
  out_.capitalise_at(mention.sentence_start);
  mention.sentence_end = out_.size();
  written_.interactions.push_back(mention);
}

}  // namespace residency::synth
