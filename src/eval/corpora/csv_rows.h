// Comma-separated rows, as RFC 4180 has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/corpora/byte_source.h"

namespace residency::eval::corpora {

class CsvRows {
 public:
  static constexpr std::size_t kFieldsMax = 256;

  CsvRows(ByteSource& source, std::string_view name) : cursor_(source, name) {}

  /// False at the end. Empty lines are passed over. A quoted field may hold commas, line ends and
  /// doubled quotes; a quote inside of an unquoted field stands for itself. kInvalidInput where the
  /// file ends inside of quotes, text follows them or there are more than kFieldsMax;
  /// kResourceExhausted for a row of more than kRecordBytesMax.
  Result<bool> next(std::vector<std::string>& fields);
  /// Of the row that next() gave last.
  const Place& place() const { return place_; }

 private:
  ByteCursor cursor_;
  Place place_;
};

}  // namespace residency::eval::corpora
