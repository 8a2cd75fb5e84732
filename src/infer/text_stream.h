// Turns the bytes of generated tokens into text that may be shown: whole code points, and nothing
// that could still turn out to be the beginning of a stop string.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace residency::infer {

/// Joins bytes to valid UTF-8. What is not valid becomes U+FFFD.
class Utf8Assembler {
 public:
  /// The text completed by `bytes`; an unfinished code point is held back.
  std::string push(std::string_view bytes);
  /// What is held back at the end, as U+FFFD.
  std::string finish();

 private:
  std::string held_;
};

/// Looks for stop strings across pieces.
class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  /// The text that can be given out now. Once stopped(), text from the stop string on is dropped.
  std::string push(std::string_view text);
  /// What was held back, at the end of generation.
  std::string finish();
  bool stopped() const { return stopped_; }
  /// The stop string that was found.
  const std::string& stopped_by() const { return stopped_by_; }

 private:
  std::vector<std::string> stops_;
  std::string stopped_by_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace residency::infer
