// OutputTree: the folder being made, aside from where it will stand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"

namespace residency::synth {

/// Collects the bytes of many files in bounded memory and takes a digest of all of them. Nothing
/// appears under the final name until commit().
class OutputTree {
 public:
  /// Takes "<out_dir>.part", clearing what an earlier run that ended early left there.
  /// kAlreadyExists where that folder holds something not begun by us; kFailedPrecondition where
  /// another process is at it.
  static Result<std::unique_ptr<OutputTree>> begin(Env& env, const std::string& out_dir);
  ~OutputTree();
  OutputTree(const OutputTree&) = delete;
  OutputTree& operator=(const OutputTree&) = delete;

  /// Makes a folder under the tree.
  Result<void> folder(const std::string& path);
  /// Adds to a file that grows: it stays open, at most kBufferBytes of it in memory.
  Result<void> append(const std::string& path, std::string_view bytes);
  /// Writes a file in one go.
  Result<void> file(const std::string& path, std::string_view bytes);
  /// Syncs the growing files, writes `marker` as synth.json and puts the tree into place.
  Result<void> commit(std::string_view marker);
  /// SHA-256, hex, of what was written so far: path, length and bytes, in order.
  std::string content_sha256() const;

 private:
  struct Hash;
  struct Growing {
    std::unique_ptr<WritableFile> file;
    std::string buffer;
  };
  OutputTree(Env& env, std::string out_dir);
  void take(std::string_view path, std::string_view bytes);
  Result<void> flush(Growing& growing);

  Env& env_;
  std::string out_dir_;
  std::string part_dir_;
  std::unique_ptr<FileLock> lock_;
  std::map<std::string, Growing> growing_;
  std::unique_ptr<Hash> hash_;
};

/// SHA-256 of `bytes` in hex.
std::string sha256_hex(std::string_view bytes);

}  // namespace residency::synth
