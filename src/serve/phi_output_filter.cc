#include "serve/phi_output_filter.h"

#include <memory>

#include "guard/phi_filter.h"

namespace residency::serve {
namespace {

class PhiOutputFilter final : public OutputFilter {
 public:
  PhiOutputFilter(std::shared_ptr<const deid::Detector> detector,
                  const guard::GuardOptions& options)
      : detector_(std::move(detector)), filter_(*detector_, options) {}
  std::string feed(std::string_view piece) override { return filter_.feed(piece); }
  std::string finish() override { return filter_.finish(); }
  std::uint64_t spans_filtered() const override { return filter_.decisions().size(); }
  bool blocked() const override { return filter_.blocked(); }

 private:
  std::shared_ptr<const deid::Detector> detector_;
  guard::PhiFilter filter_;
};

}  // namespace

Result<OutputFilterFactory> phi_output_filter_factory(const guard::GuardOptions& options) {
  RESIDENCY_TRY(auto opened, deid::Detector::open());
  std::shared_ptr<const deid::Detector> detector = std::move(opened);
  return OutputFilterFactory([detector, options] {
    return std::unique_ptr<OutputFilter>(std::make_unique<PhiOutputFilter>(detector, options));
  });
}

}  // namespace residency::serve
