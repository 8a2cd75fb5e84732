// Bytes of a corpus file in chunks, one by one, or line by line; never the whole file at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "eval/corpora/read_notes.h"

namespace residency::eval::corpora {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Replaces `chunk` with the next bytes; false at the end.
  virtual Result<bool> next(std::string& chunk) = 0;
};

/// The bytes of a file; of what is inside where its name ends in ".gz".
Result<std::unique_ptr<ByteSource>> file_bytes(Env& env, const std::string& path);

/// The bytes of a text that outlives this.
class TextBytes final : public ByteSource {
 public:
  explicit TextBytes(std::string_view text, std::size_t chunk_bytes = 4096)
      : text_(text), chunk_bytes_(chunk_bytes) {}
  Result<bool> next(std::string& chunk) override;

 private:
  std::string_view text_;
  std::size_t chunk_bytes_;
};

/// Byte after byte, with the line they stand in. A byte order mark at the start is left out.
class ByteCursor {
 public:
  static constexpr int kEnd = -1;

  ByteCursor(ByteSource& source, std::string_view name) : source_(source), name_(name) {}

  /// The next byte, or kEnd; after a failure of the source always kEnd.
  int get();
  /// The same without taking it.
  int peek();
  /// The source's error, if it had one: to be asked once kEnd was seen.
  Result<void> status() const;
  /// The line of the byte that get() gives next.
  Place place() const { return {name_, line_}; }

 private:
  bool fill();

  ByteSource& source_;
  std::string name_;
  std::string chunk_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  bool started_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
};

/// Lines without "\n" or "\r\n".
class LineReader {
 public:
  LineReader(ByteSource& source, std::string_view name) : cursor_(source, name) {}

  /// False at the end. kResourceExhausted for a line of more than kRecordBytesMax.
  Result<bool> next(std::string& line);
  /// Of the line that next() gave last.
  const Place& place() const { return place_; }

 private:
  ByteCursor cursor_;
  Place place_;
};

/// Calls `reader(source, path, options)`, any reader of one file, on the file at `path`.
template <class Reader>
auto read_path(Env& env, const std::string& path, Reader reader, const ReadOptions& options = {})
    -> decltype(reader(std::declval<ByteSource&>(), std::string_view(path), options)) {
  RESIDENCY_TRY(const auto source, file_bytes(env, path));
  return reader(*source, std::string_view(path), options);
}

}  // namespace residency::eval::corpora
