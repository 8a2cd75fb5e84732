// The one door to the operating system's files and clock, so that tests can make it fail.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency {

/// A file being written from its start or its end. Not thread-safe.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  /// Makes what was appended survive a power cut.
  virtual Result<void> sync() = 0;
  virtual Result<void> close() = 0;
};

/// A file read at offsets. Thread-safe.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual std::uint64_t size() const = 0;
  /// Exactly `length` bytes from `offset`; kCorrupt where the file ends before.
  virtual Result<std::string> read_at(std::uint64_t offset, std::size_t length) const = 0;
};

/// One name in a folder.
struct DirEntry {
  std::string name;
  bool is_directory = false;
  std::uint64_t size = 0;
};

/// Held for as long as the object lives; released by the kernel when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Env {
 public:
  virtual ~Env() = default;

  /// The real machine.
  static Env& posix();

  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  virtual Result<std::unique_ptr<WritableFile>> open_append(const std::string& path) = 0;
  virtual Result<std::unique_ptr<RandomAccessFile>> open_read(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> make_directories(const std::string& path) = 0;
  /// Makes the names in a folder survive a power cut.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Sorted by name.
  virtual Result<std::vector<DirEntry>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  /// Takes the exclusive lock on `path` without waiting; kFailedPrecondition where it is held.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// Milliseconds since 1970, UTC.
  virtual std::int64_t now_unix_ms() = 0;

  /// The whole file; kResourceExhausted past `bytes_max`.
  Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max = 1ull << 31);
  /// Writes aside, syncs, renames, syncs the folder: the path holds the old bytes or the new.
  Result<void> write_file_atomic(const std::string& path, std::string_view bytes);
};

/// "2026-11-23T10:00:00.123Z" for milliseconds since 1970.
std::string format_utc(std::int64_t unix_ms);

}  // namespace residency
