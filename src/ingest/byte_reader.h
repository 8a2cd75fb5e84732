// ByteReader: a file's bytes in order, expanded where it is gzip, with the file's digest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/env.h"
#include "base/result.h"
#include "ingest/sha256.h"

namespace residency::ingest {

class ByteReader {
 public:
  /// Opens `path`; with `gzip`, what next() gives is expanded, at most `expanded_bytes_max` in all.
  static Result<std::unique_ptr<ByteReader>> open(Env& env, const std::string& path, bool gzip,
                                                  std::uint64_t expanded_bytes_max);
  /// The same over a file that is open, or bytes in memory.
  static Result<std::unique_ptr<ByteReader>> over(std::unique_ptr<RandomAccessFile> file, bool gzip,
                                                  std::uint64_t expanded_bytes_max);
  ~ByteReader();

  /// Appends the next piece (at most 1 MiB) to `buffer`; false at the end. kInvalidInput for bad
  /// gzip bytes, kResourceExhausted past the bound, kIoError from the system.
  Result<bool> next(std::string& buffer);

  std::uint64_t file_bytes() const { return file_->size(); }
  /// Reads what is left unread, unexpanded, and gives the digest of the file's bytes.
  Result<std::string> finish_sha256();

 private:
  struct Inflater;
  ByteReader(std::unique_ptr<RandomAccessFile> file, std::uint64_t expanded_bytes_max);
  Result<bool> next_raw(std::string& buffer);
  Result<bool> next_expanded(std::string& buffer);

  std::unique_ptr<RandomAccessFile> file_;
  std::uint64_t expanded_bytes_max_;
  std::uint64_t offset_ = 0;
  std::uint64_t expanded_ = 0;
  Sha256 digest_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace residency::ingest
