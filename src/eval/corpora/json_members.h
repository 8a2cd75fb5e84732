// One JSON object of many members, member by member, so that the file need not be held whole.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "eval/corpora/byte_source.h"

namespace residency::eval::corpora {

class JsonMembers {
 public:
  JsonMembers(ByteSource& source, std::string_view name) : cursor_(source, name) {}

  /// The next member of the object the file is; false at its end. kInvalidInput, naming file and
  /// line, where the file is no object or ends inside of it; kResourceExhausted for a member of
  /// more than kRecordBytesMax.
  Result<bool> next(std::string& key, Json& value);
  /// Of the member that next() gave last.
  const Place& place() const { return place_; }

 private:
  int skip_space();
  Result<std::string> read_text();
  Result<std::string> read_value();

  ByteCursor cursor_;
  Place place_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace residency::eval::corpora
