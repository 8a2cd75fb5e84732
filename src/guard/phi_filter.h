// PhiFilter: protected health information out of one answer while it is generated.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "deid/detect/detector.h"
#include "guard/guard_options.h"

namespace residency::guard {

/// One span that was masked, that ended the answer, or that was let through in detect mode.
struct Decision {
  PhiClass phi_class = PhiClass::kOtherId;
  double score = 0;
  std::string_view rule;
};

/// Has the shape that serve's OutputFilter asks for. One answer, one thread. Text leaves once a
/// window of further text has come and no span that was found lies across the border, which is
/// always white space: what stands in one window is found however it was cut into pieces.
class PhiFilter {
 public:
  /// `detector` must outlive the filter; all answers may share it.
  PhiFilter(const deid::Detector& detector, const GuardOptions& options);

  /// Takes the next piece; returns what may leave now. After blocked(): nothing.
  std::string feed(std::string_view piece);
  /// No more comes: what was held back, filtered.
  std::string finish();
  /// In the order of the text.
  const std::vector<Decision>& decisions() const { return decisions_; }
  /// True once a span was found in block mode, or the detector failed: nothing more may leave.
  bool blocked() const { return blocked_; }

 private:
  std::vector<deid::Span> forbidden();
  std::string release(std::size_t border, const std::vector<deid::Span>& spans);

  GuardOptions options_;
  const deid::Detector& detector_;
  std::string left_;        // text that has left, unfiltered: what a span may lean on
  std::string held_;        // text that waits
  std::size_t looked_ = 0;  // held_'s length at the last look
  std::vector<Decision> decisions_;
  bool blocked_ = false;
};

/// A whole text at once; `decisions` may be null. In block mode, what comes before the first span.
std::string filter_text(const deid::Detector& detector, const GuardOptions& options,
                        std::string_view text, std::vector<Decision>* decisions);

}  // namespace residency::guard
