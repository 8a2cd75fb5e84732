// NoteSink: fills the grammar's slots for one note. Its slots are in four tables: people and their
// identifiers, dates, clinical statements, and lists.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "synth/note_writer.h"

namespace residency::synth {

/// How one note looks from its first to its last line.
struct NoteStyle {
  int day = 0;     // style of format_day()
  int header = 0;  // how headers are set
  int list = 0;    // how lists are set
  bool upper = false;
  bool terse = false;
  std::size_t columns = 0;  // 0: lines are not broken
  bool scanned = false;     // with the errors of character recognition
};

class NoteSink final : public TemplateSink {
 public:
  NoteSink(const Tables& tables, const PatientPlan& plan, const Encounter& encounter,
           const PlannedNote& note);
  WrittenNote write();

  void text(std::string_view text) override;
  void slot(std::string_view name, std::string_view argument) override;
  std::size_t position() override { return out_.size(); }
  void capitalise_at(std::size_t position) override { out_.capitalise_at(position); }

  using Slot = void (NoteSink::*)(std::string_view argument);
  using SlotTable = std::map<std::string_view, Slot>;
  /// Each file of slots gives its own; slot_tables() joins them.
  static const SlotTable& person_slots();
  static const SlotTable& id_slots();
  static const SlotTable& clinical_slots();
  static const SlotTable& list_slots();

 private:
  // person_slots.cc
  void patient_name(std::string_view argument);
  void patient_first(std::string_view argument);
  void patient_last(std::string_view argument);
  void patient_misspelled(std::string_view argument);
  void relative(std::string_view argument);
  void clinician(std::string_view argument);
  void street(std::string_view argument);
  void place(std::string_view argument);
  void employer(std::string_view argument);
  void job(std::string_view argument);
  void hospital(std::string_view argument);
  void ward(std::string_view argument);
  void pronoun(std::string_view argument);
  void age(std::string_view argument);
  void day(std::string_view argument);
  void time(std::string_view argument);
  void put_name(PhiClass phi_class, const PersonName& name, int style);
  const Clinician& clinician_of(std::string_view role) const;

  // id_slots.cc
  void mrn(std::string_view argument);
  void ssn(std::string_view argument);
  void account(std::string_view argument);
  void plan_id(std::string_view argument);
  void license(std::string_view argument);
  void npi(std::string_view argument);
  void dea(std::string_view argument);
  void vehicle(std::string_view argument);
  void device(std::string_view argument);
  void phone(std::string_view argument);
  void fax(std::string_view argument);
  void email(std::string_view argument);
  void url(std::string_view argument);
  void ip(std::string_view argument);
  void other_id(std::string_view argument);
  void photo(std::string_view argument);
  void biometric(std::string_view argument);
  void put_phone(PhiClass phi_class, const std::string& ten);

  // clinical_slots.cc
  void number(std::string_view argument);
  void header(std::string_view argument);
  void problem(std::string_view argument);
  void symptom(std::string_view argument);
  void finding(std::string_view argument);
  void distractor(std::string_view argument);
  void medicine(std::string_view argument);
  void plan_item(std::string_view argument);
  void study(std::string_view argument);
  void study_finding(std::string_view argument);
  void procedure(std::string_view argument);
  void procedure_course(std::string_view argument);
  void underwent(std::string_view argument);
  void allergies(std::string_view argument);
  void vitals(std::string_view argument);
  void interaction(std::string_view argument);
  void put_problem(const Condition& condition, std::string_view assertion);
  void put_drug(const Medication& medication, bool brand);
  void put_medication(const Medication& medication);
  void expand(const Template& parts);

  // list_slots.cc
  void problems(std::string_view argument);
  void problem_plans(std::string_view argument);
  void medications(std::string_view argument);
  void labs(std::string_view argument);
  void findings(std::string_view argument);
  void symptoms(std::string_view argument);
  void put_lab(const LabResult& result, int style);

  void finish();
  std::size_t first_drug_mention(std::string_view code, std::size_t& end) const;

  const Tables& tables_;
  const PatientPlan& plan_;
  const Encounter& encounter_;
  const PlannedNote& note_;
  Random random_;
  NoteStyle style_;
  WrittenNote written_;
  NoteText& out_;
  std::size_t condition_ = 0;  // the one that {problem}, {finding}, ... speak of
  const Imaging* imaging_ = nullptr;
  std::set<const Template*> said_;  // what was said once is not said again
};

}  // namespace residency::synth
