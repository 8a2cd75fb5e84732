#include "serve/policy_output_filter.h"

#include <algorithm>

namespace residency::serve {
namespace {

class PolicyOutputFilter final : public OutputFilter {
 public:
  PolicyOutputFilter(std::shared_ptr<const guard::Guardrail> guardrail,
                     guard::Conversation conversation)
      : guardrail_(std::move(guardrail)),
        stream_(guardrail_->open_output(std::move(conversation))) {}
  std::string feed(std::string_view piece) override { return stream_->feed(piece); }
  std::string finish() override { return stream_->finish(); }
  std::uint64_t spans_filtered() const override {
    const auto& findings = stream_->findings();
    return static_cast<std::uint64_t>(
        std::count_if(findings.begin(), findings.end(), [](const guard::Finding& one) {
          return !one.dry_run && one.action >= guard::Action::kMask;
        }));
  }
  bool blocked() const override { return stream_->blocked(); }

 private:
  std::shared_ptr<const guard::Guardrail> guardrail_;
  std::unique_ptr<guard::OutputStream> stream_;
};

}  // namespace

std::unique_ptr<OutputFilter> policy_output_filter(
    std::shared_ptr<const guard::Guardrail> guardrail, guard::Conversation conversation) {
  return std::make_unique<PolicyOutputFilter>(std::move(guardrail), std::move(conversation));
}

OutputFilterFactory policy_output_filter_factory(
    std::shared_ptr<const guard::Guardrail> guardrail) {
  return [guardrail] { return policy_output_filter(guardrail, {}); };
}

}  // namespace residency::serve
