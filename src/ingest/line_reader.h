// LineReader: the lines of a file, however long, in bounded memory.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "ingest/byte_reader.h"

namespace residency::ingest {

struct TextLine {
  std::string text;          // without its line end; the first bytes where too long
  std::uint64_t number = 0;  // 1-based
  std::uint64_t bytes = 0;   // the line's true length
  bool too_long = false;
};

class LineReader {
 public:
  LineReader(ByteReader& reader, std::size_t line_bytes_max)
      : reader_(reader), line_bytes_max_(line_bytes_max) {}

  /// The next line that is not blank; false at the end. A byte order mark before the first line
  /// and a CR before a line's end are dropped.
  Result<bool> next(TextLine& line);

 private:
  Result<bool> read(TextLine& line);

  ByteReader& reader_;
  std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace residency::ingest
