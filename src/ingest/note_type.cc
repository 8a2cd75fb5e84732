#include "ingest/note_type.h"

#include <algorithm>
#include <iterator>

namespace residency::ingest {
namespace {

struct Row {
  std::string_view loinc;
  std::string_view note_type;
};

// LOINC document codes. Source: loinc.org, the codes of the US Core clinical notes value set and
// those in common use beside them.
constexpr Row kLoinc[] = {{"11488-4", "consultation_note"},
                          {"11502-2", "laboratory_report"},
                          {"11504-8", "operative_note"},
                          {"11506-3", "progress_note"},
                          {"11526-1", "pathology_report"},
                          {"18725-2", "microbiology_report"},
                          {"18726-0", "radiology"},
                          {"18748-4", "radiology"},
                          {"18842-5", "discharge_summary"},
                          {"18761-7", "transfer_summary"},
                          {"28570-0", "procedure_note"},
                          {"28634-8", "consultation_note"},
                          {"34109-9", "note"},
                          {"34111-5", "ed_note"},
                          {"34117-2", "admission_note"},
                          {"34133-9", "summary_of_episode"},
                          {"34746-8", "nursing_note"},
                          {"47039-3", "admission_note"},
                          {"51845-6", "ed_note"},
                          {"54094-8", "ed_triage_note"},
                          {"57133-1", "referral_note"},
                          {"59258-4", "ed_discharge_note"},
                          {"60591-5", "patient_summary"},
                          {"68608-9", "radiology"}};

constexpr Row kWords[] = {
    {"admission", "admission_note"},
    {"history_and_physical", "admission_note"},
    {"history_and_physical_note", "admission_note"},
    {"progress", "progress_note"},
    {"discharge", "discharge_summary"},
    {"ed_triage", "ed_triage_note"},
    {"operative", "operative_note"},
    {"operative_report", "operative_note"},
    {"surgical_operation_note", "operative_note"},
    {"radiology_report", "radiology"},
    {"diagnostic_imaging_study", "radiology"},
    {"nursing", "nursing_note"},
    {"consult", "consultation_note"},
    {"consultation", "consultation_note"},
};

constexpr std::size_t kWordBytesMax = 64;

}  // namespace

std::string note_type_of_word(std::string_view word) {
  if (word.size() > kWordBytesMax) return "other";
  std::string name;
  for (char c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') {
      name.push_back(c);
    } else if (std::string_view(" _-/&().,").find(c) == std::string_view::npos) {
      return "other";
    } else if (!name.empty() && name.back() != '_') {
      name.push_back('_');
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty()) return "other";
  for (const Row& row : kWords) {
    if (row.loinc == name) return std::string(row.note_type);
  }
  return name;
}

std::string note_type_of_concept(const Json& concept_) {
  const Json& codings = json_member(concept_, "coding");
  if (!codings.is_array()) return "other";
  for (const Json& coding : codings) {
    if (json_text(coding, "system") != "http://loinc.org") continue;
    const std::string code = json_text(coding, "code");
    for (const Row& row : kLoinc) {
      if (row.loinc == code) return std::string(row.note_type);
    }
  }
  for (const Json& coding : codings) {
    const std::string display = json_text(coding, "display");
    if (!display.empty()) return note_type_of_word(display);
  }
  return "other";
}

bool is_known_note_type(std::string_view note_type) {
  const auto same = [&](const Row& row) { return row.note_type == note_type; };
  return note_type == "other" || std::any_of(std::begin(kLoinc), std::end(kLoinc), same) ||
         std::any_of(std::begin(kWords), std::end(kWords), same);
}

}  // namespace residency::ingest
