#include "eval/corpora/dialogue_notes.h"

#include <array>
#include <set>
#include <utility>

#include "eval/corpora/csv_table.h"
#include "eval/corpora/read_notes.h"

namespace residency::eval::corpora {
namespace {

using Titles = std::array<std::pair<std::string_view, std::string_view>, 20>;
constexpr Titles kTitles{{{"FAM/SOCHX", "family and social history"},
                          {"GENHX", "history of present illness"},
                          {"PASTMEDICALHX", "past medical history"},
                          {"CC", "chief complaint"},
                          {"PASTSURGICAL", "past surgical history"},
                          {"ALLERGY", "allergies"},
                          {"ROS", "review of systems"},
                          {"MEDICATIONS", "medications"},
                          {"ASSESSMENT", "assessment"},
                          {"EXAM", "physical examination"},
                          {"DIAGNOSIS", "diagnosis"},
                          {"DISPOSITION", "disposition"},
                          {"PLAN", "plan"},
                          {"EDCOURSE", "emergency department course"},
                          {"IMMUNIZATIONS", "immunizations"},
                          {"IMAGING", "imaging"},
                          {"GYNHX", "gynecologic history"},
                          {"PROCEDURES", "procedures"},
                          {"OTHER_HISTORY", "other history"},
                          {"LABS", "laboratory results"}}};

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// Rows of `columns`: id, dialogue, note, and what `fill` takes from the rest. `fill` names the
/// field that it refuses.
template <class Fill>
Result<Corpus<DialogueNote>> read_rows(ByteSource& source, std::string_view name,
                                       const ReadOptions& options,
                                       const std::vector<std::string>& columns, Fill fill) {
  CsvTable table(source, name);
  RESIDENCY_TRY_VOID(table.open(columns));
  Corpus<DialogueNote> corpus;
  std::set<std::string> seen;
  for (;;) {
    RESIDENCY_TRY(const auto row, table.next());
    if (row == CsvTable::Row::kEnd) return corpus;
    const auto bad = [&](std::string_view field, std::string_view what) {
      return note_bad(corpus.notes, options, table.place(), field, what);
    };
    if (row == CsvTable::Row::kRagged) {
      RESIDENCY_TRY_VOID(bad("columns", "not as many as the first row has"));
      continue;
    }
    DialogueNote made{trimmed(table.at(0)), trimmed(table.at(1)), trimmed(table.at(2)), "", ""};
    std::string_view missing = made.id.empty()         ? std::string_view(columns[0])
                               : made.dialogue.empty() ? std::string_view(columns[1])
                               : made.note.empty()     ? std::string_view(columns[2])
                                                       : fill(table, made);
    if (!missing.empty()) {
      RESIDENCY_TRY_VOID(bad(missing, "missing or unknown"));
    } else if (!seen.insert(made.id).second) {
      RESIDENCY_TRY_VOID(bad(columns[0], "stands above"));
    } else {
      RESIDENCY_TRY_VOID(add_record(corpus, std::move(made), table.place()));
    }
  }
}

}  // namespace

Result<Corpus<DialogueNote>> read_aci_bench(ByteSource& source, std::string_view name,
                                            const ReadOptions& options) {
  return read_rows(source, name, options, {"encounter_id", "dialogue", "note", "dataset"},
                   [](const CsvTable& table, DialogueNote& made) -> std::string_view {
                     made.origin = trimmed(table.at(3));
                     return made.origin.empty() ? "dataset" : "";
                   });
}

Result<Corpus<DialogueNote>> read_mts_dialog(ByteSource& source, std::string_view name,
                                             const ReadOptions& options) {
  return read_rows(source, name, options, {"ID", "dialogue", "section_text", "section_header"},
                   [](const CsvTable& table, DialogueNote& made) -> std::string_view {
                     made.section = trimmed(table.at(3));
                     return section_title(made.section).empty() ? "section_header" : "";
                   });
}

std::string_view section_title(std::string_view section) {
  for (const auto& [key, title] : kTitles) {
    if (key == section) return title;
  }
  return {};
}

}  // namespace residency::eval::corpora
