#include <cmath>

#include "train/optimiser/block_ranges.h"
#include "train/optimiser/optimisers.h"

namespace residency::train {
namespace {

constexpr std::int64_t kGrain = 1 << 16;

class AdamW final : public Optimiser {
 public:
  AdamW(const TrainOptions& options, const std::vector<ParameterBlock>& blocks)
      : options_(options),
        ranges_(block_ranges(blocks, kGrain)),
        first_(static_cast<std::size_t>(values_in(blocks))),
        second_(first_.size()) {}

  void update(const UpdateStep& step, std::span<const float> gradient,
              std::span<float> values) override {
    const double at = static_cast<double>(step.number);
    const auto beta1 = static_cast<float>(options_.beta1);
    const auto beta2 = static_cast<float>(options_.beta2);
    const auto epsilon = static_cast<float>(options_.epsilon);
    const auto scale = static_cast<float>(step.gradient_scale);
    const double first_correction = 1.0 - std::pow(options_.beta1, at);
    const auto correction = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta2, at)));
    parallel_for(static_cast<std::int64_t>(ranges_.size()), [&](std::int64_t task, std::int64_t) {
      const BlockRange& range = ranges_[static_cast<std::size_t>(task)];
      const double own_rate = step.learning_rate * range.rate_factor;
      const auto rate = static_cast<float>(own_rate / first_correction);
      const auto keep =
          static_cast<float>(1.0 - (range.decays ? own_rate * options_.weight_decay : 0.0));
      float* first = first_.data();
      float* second = second_.data();
      for (std::int64_t i = range.begin; i < range.end; ++i) {
        const float g = gradient.data()[i] * scale;
        first[i] = beta1 * first[i] + (1 - beta1) * g;
        second[i] = beta2 * second[i] + (1 - beta2) * g * g;
        values.data()[i] = values.data()[i] * keep -
                           rate * first[i] / (std::sqrt(second[i] * correction) + epsilon);
      }
    });
  }

  std::string state() const override { return bytes_of(first_, second_); }
  std::vector<std::string_view> state_views() const override {
    return {view_of(first_), view_of(second_)};
  }
  Result<void> set_state(std::string_view bytes) override {
    if (!fill_from(bytes, first_, second_)) return corrupt("an AdamW state of another size");
    return {};
  }
  std::int64_t state_bytes() const override {
    return static_cast<std::int64_t>((first_.size() + second_.size()) * sizeof(float));
  }

 private:
  TrainOptions options_;
  std::vector<BlockRange> ranges_;
  std::vector<float> first_, second_;
};

}  // namespace

std::unique_ptr<Optimiser> make_adamw(const TrainOptions& options,
                                      std::vector<ParameterBlock> blocks) {
  return std::make_unique<AdamW>(options, blocks);
}

}  // namespace residency::train
