// PhiFilter: protected health information out of one answer while it is generated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "deid/detect/detector.h"
#include "guard/guard_options.h"

namespace residency::guard {

/// Has the shape that serve's OutputFilter asks for. One answer, one thread. Text leaves once a
/// window of further text has come and no span that was found lies across the border, which is
/// always white space: what stands in one window is found however it was cut into pieces.
class PhiFilter {
 public:
  /// `detector` may be shared by the filters of all answers.
  PhiFilter(GuardOptions options, std::shared_ptr<const deid::Detector> detector);

  /// Takes the next piece; returns what may leave now. After blocked(): nothing.
  std::string feed(std::string_view piece);
  /// No more comes: what was held back, filtered.
  std::string finish();
  std::uint64_t spans_filtered() const { return spans_filtered_; }
  /// True once a span was found in block mode, or the detector failed: nothing more may leave.
  bool blocked() const { return blocked_; }

 private:
  std::vector<deid::Span> forbidden();
  std::string release(std::size_t border, const std::vector<deid::Span>& spans);

  GuardOptions options_;
  std::shared_ptr<const deid::Detector> detector_;
  std::string left_;   // text that has left, unfiltered: what a span may lean on
  std::string held_;   // text that waits
  std::size_t looked_ = 0;  // held_'s length at the last look
  std::uint64_t spans_filtered_ = 0;
  bool blocked_ = false;
};

}  // namespace residency::guard
