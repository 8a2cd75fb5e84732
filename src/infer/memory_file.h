// MemoryFile: bytes in memory behind a path, for llama.cpp, which wants a file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::infer {

class MemoryFile {
 public:
  static Result<std::unique_ptr<MemoryFile>> make(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  /// "/proc/self/fd/N"
  const std::string& path() const { return path_; }

 private:
  explicit MemoryFile(int descriptor);
  int descriptor_;
  std::string path_;
};

}  // namespace residency::infer
