// CsvReader: rows of RFC 4180 text: quoted fields with newlines and doubled quotes, CRLF or LF,
// a byte order mark.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/byte_reader.h"

namespace residency::ingest {

enum class CsvFault : unsigned char {
  kNone,
  kTooLong,     // the row is longer than the limit
  kOpenQuote,   // the file ends inside quotes
  kAfterQuote,  // a character between a closing quote and the separator
};

struct CsvRow {
  std::vector<std::string> fields;
  std::uint64_t line = 0;  // where it begins, 1-based
  CsvFault fault = CsvFault::kNone;
  std::string raw;              // the bytes of a faulty row's first line
  std::uint64_t raw_bytes = 0;  // its true length
};

class CsvReader {
 public:
  CsvReader(ByteReader& reader, char separator, std::size_t row_bytes_max)
      : reader_(reader), separator_(separator), row_bytes_max_(row_bytes_max) {}

  /// The next row that is not blank; false at the end. After a faulty row reading goes on at the
  /// line after the one where it began, so that one stray quote costs one row.
  Result<bool> next(CsvRow& row);

 private:
  enum class Parsed : unsigned char { kRow, kFault, kMore };
  Parsed parse(CsvRow& row, std::size_t& end) const;
  Result<void> more();
  Result<void> skip_line(CsvRow& row);

  ByteReader& reader_;
  char separator_;
  std::size_t row_bytes_max_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  bool ended_ = false;
  bool begun_ = false;
  int long_scans_ = 0;
};

}  // namespace residency::ingest
