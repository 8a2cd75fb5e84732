#include "ingest/csv_reader.h"

#include <algorithm>

namespace residency::ingest {
namespace {

constexpr std::size_t kRawBytesMax = 64u << 10;
// Each faulty row may scan up to the row limit before it is given up; after this many the limit
// falls to kShortRowBytes, so that a file of stray quotes is still read in linear time.
constexpr int kLongScansMax = 16;
constexpr std::size_t kShortRowBytes = 64u << 10;

}  // namespace

Result<void> CsvReader::more() {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  RESIDENCY_TRY(const bool any, reader_.next(buffer_));
  ended_ = !any;
  return {};
}

// Parses one row from at_; `end` is set past its line end.
CsvReader::Parsed CsvReader::parse(CsvRow& row, std::size_t& end) const {
  row.fields.assign(1, "");
  bool quoted = false;  // the current field began with a quote
  bool inside = false;  // between quotes
  std::size_t i = at_;
  for (; i < buffer_.size(); ++i) {
    const char c = buffer_[i];
    std::string& field = row.fields.back();
    if (inside) {
      if (c != '"') {
        field.push_back(c);
      } else if (i + 1 < buffer_.size() && buffer_[i + 1] == '"') {
        field.push_back('"');
        ++i;
      } else if (i + 1 == buffer_.size() && !ended_) {
        return Parsed::kMore;
      } else {
        inside = false;
      }
    } else if (c == separator_) {
      row.fields.emplace_back();
      quoted = false;
    } else if (c == '\n') {
      end = i + 1;
      return Parsed::kRow;
    } else if (c == '\r' && (i + 1 == buffer_.size() ? ended_ : buffer_[i + 1] == '\n')) {
      continue;
    } else if (c == '\r' && i + 1 == buffer_.size()) {
      return Parsed::kMore;
    } else if (quoted) {
      row.fault = CsvFault::kAfterQuote;
      end = i;
      return Parsed::kFault;
    } else if (c == '"' && field.empty()) {
      quoted = inside = true;
    } else {
      field.push_back(c);
    }
  }
  if (!ended_) return Parsed::kMore;
  if (inside) {
    row.fault = CsvFault::kOpenQuote;
    end = i;
    return Parsed::kFault;
  }
  end = i;
  return Parsed::kRow;
}

Result<void> CsvReader::skip_line(CsvRow& row) {
  for (;;) {
    const std::size_t newline = buffer_.find('\n', at_);
    const std::size_t stop = newline == std::string::npos ? buffer_.size() : newline;
    row.raw_bytes += stop - at_;
    const std::size_t room = kRawBytesMax - std::min(kRawBytesMax, row.raw.size());
    row.raw.append(buffer_, at_, std::min(room, stop - at_));
    at_ = stop;
    if (newline != std::string::npos) {
      ++at_;
      ++line_;
      return {};
    }
    if (ended_) return {};
    RESIDENCY_TRY_VOID(more());
  }
}

Result<bool> CsvReader::next(CsvRow& row) {
  if (!begun_) {
    begun_ = true;
    while (!ended_ && buffer_.size() < 3) RESIDENCY_TRY_VOID(more());
    if (buffer_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }
  std::size_t wanted = 0;  // a retry waits until the buffer doubled: no quadratic re-parsing
  for (;;) {
    row = CsvRow();
    row.line = line_;
    if (at_ >= buffer_.size()) {
      if (ended_) return false;
      RESIDENCY_TRY_VOID(more());
      continue;
    }
    const std::size_t limit =
        long_scans_ < kLongScansMax ? row_bytes_max_ : std::min(row_bytes_max_, kShortRowBytes);
    std::size_t end = at_;
    Parsed parsed = parse(row, end);
    if (parsed == Parsed::kMore && buffer_.size() - at_ <= limit) {
      wanted = std::min(limit + 1, 2 * (buffer_.size() - at_));
      while (!ended_ && buffer_.size() - at_ < wanted) RESIDENCY_TRY_VOID(more());
      if (!ended_ && buffer_.size() - at_ == 0) RESIDENCY_TRY_VOID(more());
      continue;
    }
    if (parsed == Parsed::kMore || (parsed == Parsed::kRow && end - at_ > limit + 2)) {
      row.fault = CsvFault::kTooLong;
      parsed = Parsed::kFault;
    }
    if (parsed == Parsed::kFault) {
      if (end - at_ > kShortRowBytes || row.fault == CsvFault::kTooLong) ++long_scans_;
      row.fields.clear();
      RESIDENCY_TRY_VOID(skip_line(row));
      return true;
    }
    line_ += static_cast<std::uint64_t>(
        std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(at_),
                   buffer_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
    if (row.fields.size() == 1 && row.fields[0].empty()) continue;
    return true;
  }
}

}  // namespace residency::ingest
