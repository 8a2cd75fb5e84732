// MemoryLines: a LineSink that keeps its lines until an artifact's blobs can be written one after
// the other.
#pragma once

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "base/line_io.h"

namespace residency::pipeline {

/// Refuses with kResourceExhausted past `bytes_max`. The text leaves memory with the object.
class MemoryLines final : public LineSink {
 public:
  explicit MemoryLines(std::size_t bytes_max = std::size_t{4} << 30) : bytes_max_(bytes_max) {}

  Result<void> write(std::string_view line) override {
    if (bytes_.size() + line.size() + 1 > bytes_max_) {
      return resource_exhausted(fmt::format("a data set is larger than {} bytes", bytes_max_));
    }
    bytes_.append(line);
    bytes_.push_back('\n');
    lines_ += 1;
    return {};
  }

  const std::string& bytes() const { return bytes_; }
  std::size_t lines() const { return lines_; }

 private:
  std::size_t bytes_max_;
  std::string bytes_;
  std::size_t lines_ = 0;
};

}  // namespace residency::pipeline
