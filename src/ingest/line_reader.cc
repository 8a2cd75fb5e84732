#include "ingest/line_reader.h"

#include <algorithm>

namespace residency::ingest {

Result<bool> LineReader::read(TextLine& line) {
  line = TextLine();
  line.number = ++number_;
  bool any = false;
  for (;;) {
    const std::size_t end = buffer_.find('\n', at_);
    const std::size_t stop = end == std::string::npos ? buffer_.size() : end;
    any = any || stop > at_ || end != std::string::npos;
    line.bytes += stop - at_;
    const std::size_t room = line_bytes_max_ - std::min(line_bytes_max_, line.text.size());
    line.text.append(buffer_, at_, std::min(stop - at_, room));
    if (end != std::string::npos) {
      at_ = end + 1;
      break;
    }
    buffer_.clear();
    at_ = 0;
    if (!ended_) {
      RESIDENCY_TRY(const bool more, reader_.next(buffer_));
      ended_ = !more;
    }
    if (ended_) break;
  }
  line.too_long = line.bytes > line_bytes_max_;
  return any;
}

Result<bool> LineReader::next(TextLine& line) {
  for (;;) {
    RESIDENCY_TRY(const bool more, read(line));
    if (!more) return false;
    if (line.number == 1 && line.text.starts_with("\xef\xbb\xbf")) line.text.erase(0, 3);
    if (!line.too_long && !line.text.empty() && line.text.back() == '\r') line.text.pop_back();
    if (line.too_long || line.text.find_first_not_of(" \t") != std::string::npos) return true;
  }
}

}  // namespace residency::ingest
