// PhiText: text that may hold protected health information. It cannot be printed, formatted,
// logged or compared by accident; only ingest, deid and pipeline may name it
// (scripts/check_includes.py refuses it elsewhere).
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace residency::ingest {

class PhiText {
 public:
  PhiText() = default;
  explicit PhiText(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  std::size_t bytes() const { return text_.size(); }

  /// The text itself. Whoever calls this answers for where it goes.
  const std::string& reveal() const& { return text_; }
  std::string reveal() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace residency::ingest
