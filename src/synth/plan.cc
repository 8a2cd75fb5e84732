#include "synth/plan.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "synth/identifiers.h"

namespace residency::synth {
namespace {

// No patient is made after this day; it stands for "today".
const Day kToday = make_day(2025, 12, 31);

// Draws the parts of one patient's plan.
class Planner {
 public:
  Planner(const Tables& tables, const World& world, Random random)
      : tables_(tables), world_(world), random_(random) {}

  PatientPlan plan(std::uint64_t index, int notes_max);

 private:
  bool fits(const Condition& condition, char setting, int age) const;
  bool clashes(const Condition& condition, const std::vector<const Condition*>& chosen) const;
  const Condition* choose(char setting, bool chronic, int age,
                          const std::vector<const Condition*>& chosen);
  void choose_conditions(Encounter& encounter, int age);
  void choose_medications(Encounter& encounter);
  bool add_medication(Encounter& encounter, std::string_view name, bool home);
  void find_interactions(Encounter& encounter);
  void choose_labs(Encounter& encounter);
  void choose_vitals(Encounter& encounter);
  void choose_people(Encounter& encounter);
  void choose_procedure(Encounter& encounter);
  std::vector<NoteKind> choose_kinds(const Encounter& encounter, int room);
  void add_notes(Encounter& encounter, int room);

  const Tables& tables_;
  const World& world_;
  Random random_;
  PatientPlan plan_;
  std::vector<const Condition*> chronic_;
  const Clinician* primary_care_ = nullptr;
  const Hospital* home_ = nullptr;
  int note_number_ = 0;
};

bool Planner::fits(const Condition& condition, char setting, int age) const {
  if (condition.sex != 'a' && (condition.sex == 'f') != plan_.person.female) return false;
  if (age < condition.age_low || age > condition.age_high) return false;
  if (setting == 'o' && condition.procedures.empty()) return false;
  return setting == 0 || condition.settings.find(setting) != std::string::npos;
}

bool Planner::clashes(const Condition& condition,
                      const std::vector<const Condition*>& chosen) const {
  for (const Condition* other : chosen) {
    if (other == &condition) return true;
    for (const std::string& group : condition.groups) {
      if (std::find(other->groups.begin(), other->groups.end(), group) != other->groups.end()) {
        return true;
      }
    }
    for (const std::string& code : condition.codes) {
      if (std::find(other->codes.begin(), other->codes.end(), code) != other->codes.end()) {
        return true;
      }
    }
  }
  return false;
}

const Condition* Planner::choose(char setting, bool chronic, int age,
                                 const std::vector<const Condition*>& chosen) {
  std::vector<const Condition*> able;
  int total = 0;
  for (const Condition& condition : tables_.conditions) {
    if (chronic && !condition.chronic) continue;
    if (!fits(condition, setting, age) || clashes(condition, chosen)) continue;
    able.push_back(&condition);
    total += condition.weight;
  }
  if (able.empty()) return nullptr;
  int ticket = static_cast<int>(random_.below(static_cast<std::size_t>(total)));
  for (const Condition* condition : able) {
    ticket -= condition->weight;
    if (ticket < 0) return condition;
  }
  return able.back();
}

void Planner::choose_conditions(Encounter& encounter, int age) {
  if (const Condition* first = choose(encounter.setting, false, age, {})) {
    encounter.conditions.push_back(first);
  }
  const int more = encounter.setting == 'i' ? random_.between(1, 3) : random_.between(0, 2);
  std::vector<const Condition*> known = chronic_;
  random_.shuffle(known);
  for (const Condition* condition : known) {
    if (static_cast<int>(encounter.conditions.size()) > more) break;
    if (age >= condition->age_low && !clashes(*condition, encounter.conditions)) {
      encounter.conditions.push_back(condition);
    }
  }
  if (encounter.setting == 'i' && encounter.conditions.size() < 3 && random_.chance(50)) {
    if (const Condition* other = choose('i', false, age, encounter.conditions)) {
      encounter.conditions.push_back(other);
    }
  }
  for (const Condition* condition : encounter.conditions) {
    for (std::size_t i = 0; i < condition->codes.size(); ++i) {
      encounter.condition_ids.push_back(make_uuid(random_));
    }
  }
}

bool Planner::add_medication(Encounter& encounter, std::string_view name, bool home) {
  const auto drug = tables_.drugs.find(name);
  if (drug == tables_.drugs.end()) return false;
  const auto& allergies = plan_.allergies;
  if (std::find(allergies.begin(), allergies.end(), name) != allergies.end()) return false;
  for (const Medication& taken : encounter.medications) {
    if (taken.drug == &drug->second) return false;
  }
  Medication medication;
  medication.drug = &drug->second;
  medication.dose = random_.pick(drug->second.doses);
  medication.frequency = random_.pick(drug->second.frequencies);
  medication.home = home;
  medication.id = make_uuid(random_);
  encounter.medications.push_back(std::move(medication));
  return true;
}

void Planner::choose_medications(Encounter& encounter) {
  for (const Condition* condition : encounter.conditions) {
    std::vector<std::string> drugs = condition->drugs;
    random_.shuffle(drugs);
    const int take = random_.between(1, condition == encounter.conditions.front() ? 3 : 2);
    for (int i = 0; i < take && i < static_cast<int>(drugs.size()); ++i) {
      add_medication(encounter, drugs[static_cast<std::size_t>(i)], condition->chronic);
    }
  }
  // One encounter in four meets a medicine that does not go with what is taken.
  if (!encounter.medications.empty() && random_.chance(25)) {
    std::vector<const Interaction*> able;
    for (const Interaction& pair : tables_.interactions) {
      for (const Medication& taken : encounter.medications) {
        if (taken.drug->key == pair.first || taken.drug->key == pair.second) able.push_back(&pair);
      }
    }
    if (!able.empty()) {
      const Interaction& pair = *random_.pick(able);
      add_medication(encounter, pair.first, true);
      add_medication(encounter, pair.second, true);
    }
  }
  find_interactions(encounter);
}

void Planner::find_interactions(Encounter& encounter) {
  const auto index_of = [&](const std::string& name) {
    const auto found =
        std::find_if(encounter.medications.begin(), encounter.medications.end(),
                     [&](const Medication& taken) { return taken.drug->key == name; });
    return static_cast<std::size_t>(found - encounter.medications.begin());
  };
  for (const Interaction& pair : tables_.interactions) {
    const std::size_t first = index_of(pair.first);
    const std::size_t second = index_of(pair.second);
    if (first < encounter.medications.size() && second < encounter.medications.size()) {
      encounter.interactions.push_back({&pair, first, second});
    }
  }
}

void Planner::choose_labs(Encounter& encounter) {
  const auto add = [&](const Lab& lab, double low, double high, bool abnormal) {
    for (const LabResult& result : encounter.labs) {
      if (result.lab == &lab) return;
    }
    const double scale = std::pow(10.0, lab.decimals);
    const int steps = static_cast<int>(std::lround((high - low) * scale));
    const double value = low + random_.between(0, std::max(steps, 0)) / scale;
    encounter.labs.push_back(
        {&lab, fmt::format("{:.{}f}", value, lab.decimals), abnormal, make_uuid(random_)});
  };
  for (const Condition* condition : encounter.conditions) {
    for (const LabRange& range : condition->labs) {
      const Lab& lab = tables_.labs.find(range.lab)->second;
      add(lab, range.low, range.high, range.low > lab.high || range.high < lab.low);
    }
  }
  for (const std::string_view name : {"sodium", "potassium", "creatinine", "wbc", "hgb",
                                      "platelets", "glucose", "bun", "chloride", "bicarb"}) {
    if (encounter.labs.size() >= 10 || !random_.chance(encounter.setting == 'a' ? 15 : 60))
      continue;
    const Lab& lab = tables_.labs.find(name)->second;
    add(lab, lab.low, lab.high, false);
  }
}

void Planner::choose_vitals(Encounter& encounter) {
  Vitals& vitals = encounter.vitals;
  const bool ill = encounter.setting == 'e' || encounter.setting == 'i';
  vitals.systolic = random_.between(104, ill ? 158 : 142);
  vitals.diastolic = random_.between(58, 88);
  vitals.heart_rate = random_.between(58, ill ? 112 : 92);
  vitals.respirations = random_.between(12, ill ? 24 : 18);
  vitals.oxygen = random_.between(ill ? 92 : 95, 100);
  vitals.temperature_f = std::to_string(random_.between(97, ill ? 100 : 98));
  vitals.temperature_f += '.';
  vitals.temperature_f += digits(random_, 1);
  vitals.weight_kg = random_.between(46, 128);
  vitals.pain = random_.between(0, 9);
  vitals.id = make_uuid(random_);
}

void Planner::choose_people(Encounter& encounter) {
  encounter.hospital = random_.chance(80) ? home_ : &random_.pick(world_.hospitals);
  const auto& staff = encounter.hospital->clinicians;
  encounter.attending = &staff[random_.below(22)];
  encounter.resident = &staff[random_.below(22)];
  encounter.consultant = &staff[random_.below(22)];
  encounter.nurse = &staff[22 + random_.below(staff.size() - 22)];
  encounter.primary_care = primary_care_;
  encounter.ward = random_.pick(encounter.hospital->wards);
}

void Planner::choose_procedure(Encounter& encounter) {
  for (const Condition* condition : encounter.conditions) {
    if (encounter.procedure != nullptr || condition->procedures.empty()) continue;
    if (encounter.setting != 'o' && !random_.chance(55)) continue;
    std::vector<const Procedure*> able;
    for (const std::string& key : condition->procedures) {
      const Procedure& procedure = tables_.procedures.find(key)->second;
      if (encounter.setting != 'o' || !procedure.findings.empty()) able.push_back(&procedure);
    }
    if (!able.empty()) encounter.procedure = random_.pick(able);
  }
  encounter.procedure_id = make_uuid(random_);
  encounter.device_serial = patterned(random_, random_.chance(50) ? "SN-@@######" : "@#######");
  encounter.device_udi = make_udi(random_, encounter.device_serial);
  encounter.device_id = make_uuid(random_);
  static constexpr std::string_view implants[] = {"knee replacement",
                                                  "hip replacement",
                                                  "pacemaker",
                                                  "cataract surgery",
                                                  "hernia repair",
                                                  "orif",
                                                  "pci"};
  const bool implanted =
      encounter.procedure != nullptr && std::find(std::begin(implants), std::end(implants),
                                                  encounter.procedure->key) != std::end(implants);
  if (!implanted) encounter.device_serial.clear();
}

std::vector<NoteKind> Planner::choose_kinds(const Encounter& encounter, int room) {
  const bool imaged = !encounter.conditions.front()->imaging.empty();
  const bool operated = encounter.procedure != nullptr && !encounter.procedure->findings.empty();
  std::vector<NoteKind> kinds;
  switch (encounter.setting) {
    case 'e':
      kinds.push_back(NoteKind::kTriage);
      if (imaged && random_.chance(40)) kinds.push_back(NoteKind::kRadiology);
      break;
    case 'a':
      kinds.push_back(NoteKind::kProgress);
      break;
    case 'o':
      if (random_.chance(30)) kinds.push_back(NoteKind::kAdmission);
      if (operated) kinds.push_back(NoteKind::kOperative);
      if (random_.chance(40)) kinds.push_back(NoteKind::kDischarge);
      break;
    default:
      if (random_.chance(55)) kinds.push_back(NoteKind::kAdmission);
      if (imaged && random_.chance(35)) kinds.push_back(NoteKind::kRadiology);
      if (operated && random_.chance(50)) kinds.push_back(NoteKind::kOperative);
      if (random_.chance(60)) kinds.push_back(NoteKind::kProgress);
      if (random_.chance(65)) kinds.push_back(NoteKind::kDischarge);
  }
  if (kinds.empty()) kinds.push_back(NoteKind::kDischarge);
  while (static_cast<int>(kinds.size()) > room) {
    kinds.erase(kinds.begin() + random_.below(kinds.size()));
  }
  return kinds;
}

void Planner::add_notes(Encounter& encounter, int room) {
  const int days = static_cast<int>((encounter.end - encounter.start).count());
  for (const NoteKind kind : choose_kinds(encounter, room)) {
    PlannedNote note;
    note.id = fmt::format("note-{:07}-{}", plan_.index, ++note_number_);
    note.document = make_uuid(random_);
    note.kind = kind;
    note.day = encounter.start;
    if (kind == NoteKind::kDischarge) note.day = encounter.end;
    if (kind == NoteKind::kProgress || kind == NoteKind::kOperative) {
      note.day += std::chrono::days(random_.between(0, days));
    }
    note.minute = random_.between(6 * 60, 23 * 60 + 59);
    note.stream = random_.next();
    note.author = kind == NoteKind::kTriage      ? encounter.nurse
                  : kind == NoteKind::kRadiology ? encounter.consultant
                  : random_.chance(60)           ? encounter.attending
                                                 : encounter.resident;
    // Reports of one study or operation speak of what led to it; the others of everything.
    const bool narrow = kind == NoteKind::kRadiology || kind == NoteKind::kOperative;
    for (std::size_t i = 0; i < (narrow ? 1 : encounter.conditions.size()); ++i) {
      note.conditions.push_back(i);
    }
    encounter.notes.push_back(std::move(note));
  }
}

PatientPlan Planner::plan(std::uint64_t index, int notes_max) {
  plan_.index = index;
  plan_.person = make_patient(tables_, random_.fork(1), kToday);
  plan_.coverage_id = make_uuid(random_);
  home_ = &random_.pick(world_.hospitals);
  primary_care_ = &home_->clinicians[random_.below(22)];
  static constexpr std::string_view allergens[] = {"amoxicillin", "sulfamethoxazole-trimethoprim",
                                                   "morphine",    "lisinopril",
                                                   "ibuprofen",   "vancomycin"};
  if (random_.chance(40)) {
    plan_.allergies.emplace_back(allergens[random_.below(6)]);
    plan_.allergy_ids.push_back(make_uuid(random_));
  }
  Day day = kToday - std::chrono::days(random_.between(700, 2000));
  const int age_then = age_on(plan_.person.birth, day);
  const int illnesses = age_then > 60 ? random_.between(1, 4) : random_.between(0, 2);
  for (int i = 0; i < illnesses; ++i) {
    if (const Condition* condition = choose(0, true, age_then, chronic_))
      chronic_.push_back(condition);
  }
  int room = random_.between(1, notes_max);
  while (room > 0) {
    static constexpr std::string_view settings = "eeeiiiiaaao";
    Encounter encounter;
    encounter.id = make_uuid(random_);
    encounter.setting = settings[random_.below(settings.size())];
    const int age = age_on(plan_.person.birth, day);
    choose_conditions(encounter, age);
    if (encounter.conditions.empty()) {
      encounter.setting = 'e';
      choose_conditions(encounter, age);
    }
    if (encounter.conditions.empty()) break;
    encounter.start = day;
    const bool stays = encounter.setting == 'i' || encounter.setting == 'o';
    encounter.end = day + std::chrono::days(stays ? random_.between(1, 9) : 0);
    encounter.account = patterned(random_, random_.chance(50) ? "#########" : "V00########");
    encounter.visit = patterned(random_, "#######");
    choose_people(encounter);
    choose_medications(encounter);
    choose_labs(encounter);
    choose_vitals(encounter);
    choose_procedure(encounter);
    add_notes(encounter, room);
    room -= static_cast<int>(encounter.notes.size());
    day = encounter.end + std::chrono::days(random_.between(10, 90));
    plan_.encounters.push_back(std::move(encounter));
  }
  return std::move(plan_);
}

}  // namespace

std::string_view note_kind_name(NoteKind kind) {
  static constexpr std::string_view names[] = {"admission_note",    "progress_note",
                                               "discharge_summary", "radiology_report",
                                               "ed_triage_note",    "operative_note"};
  return names[static_cast<std::size_t>(kind)];
}

PatientPlan make_plan(const Tables& tables, const World& world, std::uint64_t seed,
                      std::uint64_t index, int notes_max) {
  return Planner(tables, world, Random(seed).fork(index + 1)).plan(index, notes_max);
}

}  // namespace residency::synth
