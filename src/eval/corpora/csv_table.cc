#include "eval/corpora/csv_table.h"

#include <algorithm>

#include "eval/corpora/read_notes.h"

namespace residency::eval::corpora {
namespace {

std::string plain(std::string_view name) {
  std::string made;
  for (const char c : name) {
    if (c != ' ' && c != '\t') made.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return made;
}

}  // namespace

Result<void> CsvTable::open(const std::vector<std::string>& columns) {
  RESIDENCY_TRY(const bool more, rows_.next(names_));
  if (!more) return bad_field(rows_.place(), "header", "the file is empty");
  for (const std::string& column : columns) {
    const auto found = std::find_if(names_.begin(), names_.end(), [&](const std::string& name) {
      return plain(name) == plain(column);
    });
    if (found == names_.end()) return bad_field(rows_.place(), column, "no such column");
    places_.push_back(static_cast<std::size_t>(found - names_.begin()));
  }
  return {};
}

Result<CsvTable::Row> CsvTable::next() {
  RESIDENCY_TRY(const bool more, rows_.next(fields_));
  if (!more) return Row::kEnd;
  return fields_.size() == names_.size() ? Row::kGood : Row::kRagged;
}

}  // namespace residency::eval::corpora
