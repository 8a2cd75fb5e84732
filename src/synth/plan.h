// The clinical plan of one patient: encounters with their diagnoses, medicines, results and notes.
#pragma once

#include <string>
#include <vector>

#include "synth/person.h"

namespace residency::synth {

enum class NoteKind : std::uint8_t {
  kAdmission,
  kProgress,
  kDischarge,
  kRadiology,
  kTriage,
  kOperative,
};
inline constexpr int kNoteKinds = 6;
/// "admission_note", "progress_note", "discharge_summary", "radiology_report", "ed_triage_note",
/// "operative_note".
std::string_view note_kind_name(NoteKind kind);

struct Medication {
  const Drug* drug = nullptr;
  std::string dose;
  std::string frequency;
  bool home = false;
  std::string id;  // UUID of the MedicationRequest
};

struct LabResult {
  const Lab* lab = nullptr;
  std::string value;  // as notes write it
  bool abnormal = false;
  std::string id;
};

struct Vitals {
  int systolic = 120;
  int diastolic = 76;
  int heart_rate = 78;
  int respirations = 16;
  int oxygen = 98;
  std::string temperature_f;
  int weight_kg = 80;
  int pain = 0;
  std::string id;  // UUIDs of the Observations are made from it
};

/// An interaction that the encounter's medicines hold, as indices into its medications.
struct PlannedInteraction {
  const Interaction* pair = nullptr;
  std::size_t first = 0;
  std::size_t second = 0;
};

struct PlannedNote {
  std::string id;        // "note-0000012-1"
  std::string document;  // UUID of the DocumentReference
  NoteKind kind = NoteKind::kProgress;
  Day day{};
  int minute = 0;  // of the day
  std::uint64_t stream = 0;
  const Clinician* author = nullptr;
  std::vector<std::size_t> conditions;  // of the encounter's, those the note documents
};

struct Encounter {
  std::string id;
  const Hospital* hospital = nullptr;
  char setting = 'a';  // 'e', 'i', 'a', 'o'
  Day start{};
  Day end{};
  std::string account;
  std::string visit;
  std::string ward;
  const Clinician* attending = nullptr;
  const Clinician* resident = nullptr;
  const Clinician* nurse = nullptr;
  const Clinician* consultant = nullptr;
  const Clinician* primary_care = nullptr;
  std::vector<const Condition*> conditions;  // the first leads
  std::vector<std::string> condition_ids;    // UUIDs, one for each code of each condition
  std::vector<Medication> medications;
  std::vector<PlannedInteraction> interactions;
  std::vector<LabResult> labs;
  Vitals vitals;
  const Procedure* procedure = nullptr;
  std::string procedure_id;
  std::string device_serial;  // "" where nothing was implanted
  std::string device_udi;
  std::string device_id;
  std::vector<PlannedNote> notes;
};

struct PatientPlan {
  std::uint64_t index = 0;
  PatientPerson person;
  std::string coverage_id;
  std::vector<std::string> allergies;  // keys of Tables::drugs
  std::vector<std::string> allergy_ids;
  std::vector<Encounter> encounters;
};

/// Patient `index` of the hospital of `seed`: the same whatever else is made.
PatientPlan make_plan(const Tables& tables, const World& world, std::uint64_t seed,
                      std::uint64_t index, int notes_max);

}  // namespace residency::synth
