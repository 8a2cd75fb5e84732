#include "train/optimiser/block_ranges.h"
#include "train/optimiser/optimisers.h"

namespace residency::train {
namespace {

constexpr std::int64_t kGrain = 1 << 16;

class Sgd final : public Optimiser {
 public:
  Sgd(const TrainOptions& options, const std::vector<ParameterBlock>& blocks)
      : options_(options),
        ranges_(block_ranges(blocks, kGrain)),
        velocity_(options.momentum > 0 ? static_cast<std::size_t>(values_in(blocks)) : 0) {}

  void update(const UpdateStep& step, std::span<const float> gradient,
              std::span<float> values) override {
    const auto momentum = static_cast<float>(options_.momentum);
    const auto scale = static_cast<float>(step.gradient_scale);
    parallel_for(static_cast<std::int64_t>(ranges_.size()), [&](std::int64_t task, std::int64_t) {
      const BlockRange& range = ranges_[static_cast<std::size_t>(task)];
      const double own_rate = step.learning_rate * range.rate_factor;
      const auto rate = static_cast<float>(own_rate);
      const auto keep =
          static_cast<float>(1.0 - (range.decays ? own_rate * options_.weight_decay : 0.0));
      for (std::int64_t i = range.begin; i < range.end; ++i) {
        float move = gradient.data()[i] * scale;
        if (!velocity_.empty()) {
          float& velocity = velocity_[static_cast<std::size_t>(i)];
          velocity = momentum * velocity + move;
          move = velocity;
        }
        values.data()[i] = values.data()[i] * keep - rate * move;
      }
    });
  }

  std::string state() const override { return bytes_of(velocity_); }
  Result<void> set_state(std::string_view bytes) override {
    if (!fill_from(bytes, velocity_)) return corrupt("an SGD state of another size");
    return {};
  }
  std::int64_t state_bytes() const override {
    return static_cast<std::int64_t>(velocity_.size() * sizeof(float));
  }

 private:
  TrainOptions options_;
  std::vector<BlockRange> ranges_;
  std::vector<float> velocity_;
};

}  // namespace

std::unique_ptr<Optimiser> make_sgd(const TrainOptions& options,
                                    std::vector<ParameterBlock> blocks) {
  return std::make_unique<Sgd>(options, blocks);
}

}  // namespace residency::train
