#include "eval/corpora/csv_rows.h"

namespace residency::eval::corpora {

Result<bool> CsvRows::next(std::vector<std::string>& fields) {
  while (cursor_.peek() == '\n' || cursor_.peek() == '\r') cursor_.get();
  place_ = cursor_.place();
  if (cursor_.peek() == ByteCursor::kEnd) {
    RESIDENCY_TRY_VOID(cursor_.status());
    return false;
  }
  std::vector<std::string> row(1);
  bool quoted = false;   // inside of quotes
  bool closed = false;   // a quoted field has ended
  std::size_t size = 0;  // bytes of the row, each field counted as one more
  for (;;) {
    const int byte = cursor_.get();
    if (++size > kRecordBytesMax) return resource_exhausted(describe(place_, "row", "too long"));
    if (byte == ByteCursor::kEnd) {
      RESIDENCY_TRY_VOID(cursor_.status());
      if (quoted) return bad_field(place_, "row", "the file ends inside of quotes");
      break;
    }
    if (quoted) {
      if (byte != '"') {
        row.back().push_back(static_cast<char>(byte));
      } else if (cursor_.peek() == '"') {
        row.back().push_back('"');
        cursor_.get();
      } else {
        quoted = false;
        closed = true;
      }
    } else if (byte == ',') {
      if (row.size() == kFieldsMax) return bad_field(place_, "row", "too many fields");
      row.emplace_back();
      closed = false;
    } else if (byte == '\n') {
      break;
    } else if (byte == '\r' && cursor_.peek() == '\n') {
      continue;
    } else if (closed) {
      return bad_field(place_, "row", "text after closing quotes");
    } else if (byte == '"' && row.back().empty()) {
      quoted = true;
    } else {
      row.back().push_back(static_cast<char>(byte));
    }
  }
  fields = std::move(row);
  return true;
}

}  // namespace residency::eval::corpora
