#include "eval/corpora/molecules.h"

#include "eval/corpora/csv_table.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/smiles.h"

namespace residency::eval::corpora {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Corpus<MoleculeItem>> read_moleculenet(ByteSource& source, std::string_view name,
                                              const std::string& property,
                                              const ReadOptions& options) {
  CsvTable table(source, name);
  RESIDENCY_TRY_VOID(table.open({"smiles", property}));
  Corpus<MoleculeItem> corpus;
  for (std::size_t number = 1;; ++number) {
    RESIDENCY_TRY(const auto row, table.next());
    if (row == CsvTable::Row::kEnd) return corpus;
    const auto bad = [&](std::string_view field, std::string_view what) {
      return note_bad(corpus.notes, options, table.place(), field, what);
    };
    if (row == CsvTable::Row::kRagged) {
      RESIDENCY_TRY_VOID(bad("columns", "not as many as the first row has"));
      continue;
    }
    MoleculeItem item;
    item.id = std::to_string(number);
    item.smiles = trimmed(table.at(0));
    const auto value = trimmed(table.at(1));
    const auto molecule = parse_smiles(item.smiles);
    item.holds = value == "1" || value == "1.0";
    if (value.empty()) {
      ++corpus.notes.passed_over;
    } else if (!item.holds && value != "0" && value != "0.0") {
      // One stray value is a slip; a first one is a column of another kind.
      if (corpus.records.empty() && corpus.notes.passed_over == 0)
        return bad_field(table.place(), property, "must be 0 or 1: real values are not read");
      RESIDENCY_TRY_VOID(bad(property, "must be 0 or 1"));
    } else if (!molecule) {
      RESIDENCY_TRY_VOID(bad("smiles", "is no SMILES"));
    } else {
      item.skeleton = skeleton_key(*molecule);
      RESIDENCY_TRY_VOID(add_record(corpus, std::move(item), table.place()));
    }
  }
}

}  // namespace residency::eval::corpora
