// A comma-separated table whose first row names its columns.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/corpora/csv_rows.h"

namespace residency::eval::corpora {

class CsvTable {
 public:
  CsvTable(ByteSource& source, std::string_view name) : rows_(source, name) {}

  /// Reads the first row and finds the columns of these names, in this order; case and space around
  /// a name do not count. kInvalidInput, naming the column, where one is missing.
  Result<void> open(const std::vector<std::string>& columns);

  enum class Row : std::uint8_t { kEnd, kGood, kRagged };
  /// kRagged: the row has another number of fields than the first.
  Result<Row> next();

  /// The field of the n-th column that open() was asked for.
  const std::string& at(std::size_t column) const { return fields_[places_[column]]; }
  const Place& place() const { return rows_.place(); }

 private:
  CsvRows rows_;
  std::vector<std::string> names_;
  std::vector<std::size_t> places_;
  std::vector<std::string> fields_;
};

}  // namespace residency::eval::corpora
