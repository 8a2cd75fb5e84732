// Streams of text lines between stages, so that no stage needs to know where lines are kept.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace residency {

/// The longest line any stage accepts, in bytes; longer ones are refused with kResourceExhausted.
inline constexpr std::size_t kLineBytesMax = 64u << 20;

/// Gives lines in order, without their newline.
class LineSource {
 public:
  virtual ~LineSource() = default;
  /// False at the end; `line` is then left alone.
  virtual Result<bool> next(std::string& line) = 0;
};

/// Takes lines in order, without their newline.
class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual Result<void> write(std::string_view line) = 0;
};

}  // namespace residency
