// OutputFilter: what an answer passes through on its way out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace residency::serve {

/// Filters one answer as it is generated. What feed() and finish() return, put together, is what
/// leaves; text that could still turn out to be forbidden is held back until it is decided.
class OutputFilter {
 public:
  virtual ~OutputFilter() = default;
  /// Takes the next piece; returns the text that may leave now.
  virtual std::string feed(std::string_view piece) = 0;
  /// No more text comes: returns what was held back, filtered.
  virtual std::string finish() = 0;
  /// Spans replaced so far.
  virtual std::uint64_t spans_filtered() const = 0;
  /// True once the rest of the answer must not be given: generation stops, the answer ends with
  /// finish reason "content_filter".
  virtual bool blocked() const { return false; }
  /// Once blocked(): what is said in place of the answer; "": the answer just ends.
  virtual std::string replacement() const { return ""; }
  /// What was found, as GuardDecision::assessment; an empty object where nothing was.
  virtual Json assessment() const { return Json::object(); }
};

/// Makes the filter of one answer. Called from the endpoint's worker.
using OutputFilterFactory = std::function<std::unique_ptr<OutputFilter>()>;

}  // namespace residency::serve
