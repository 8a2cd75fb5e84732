#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "train/optimiser/block_ranges.h"
#include "train/optimiser/optimisers.h"

namespace residency::train {
namespace {

constexpr std::int64_t kQuantum = 256;  // values that share a scale
constexpr std::int64_t kGrain = 64 * kQuantum;

using Codebook = std::array<float, 256>;

/// The values that 8 bits stand for, ascending within [-1, 1] or [0, 1]: for each power of ten from
/// 10^-6 to 1 twice as many steps as for the one below.
Codebook dynamic_codebook(bool is_signed) {
  std::vector<float> values{0.0f, 1.0f};
  for (int power = 0; power < 7; ++power) {
    const int steps = (is_signed ? 1 : 2) << power;
    const double unit = std::pow(10.0, power - 6);
    for (int i = 0; i < steps; ++i) {
      const double value = unit * (0.1 + 0.9 * (i + 0.5) / steps);
      values.push_back(static_cast<float>(value));
      if (is_signed) values.push_back(static_cast<float>(-value));
    }
  }
  std::sort(values.begin(), values.end());
  Codebook codebook{};
  std::copy_n(values.begin(), codebook.size(), codebook.begin());
  return codebook;
}

/// Finds the nearest code: a table by the value's upper bits gives the first one that it can be,
/// and at most a few steps from there the right one.
class Nearest {
 public:
  explicit Nearest(const Codebook& codebook) {
    for (std::size_t i = 0; i + 1 < codebook.size(); ++i)
      borders_[i] = 0.5f * (codebook[i] + codebook[i + 1]);
    borders_.back() = std::numeric_limits<float>::infinity();
    for (std::uint32_t key = 0; key < first_.size(); ++key) {
      // The least value with these upper bits: of a negative one all lower bits are set.
      const std::uint32_t lower = (key << kShift) | (key >> 14 != 0 ? (1u << kShift) - 1 : 0u);
      float least = std::bit_cast<float>(lower);
      if (std::isnan(least)) least = 0;
      std::uint8_t code = 0;
      while (least > borders_[code]) ++code;
      first_[key] = code;
    }
  }
  std::uint8_t operator()(float value) const {
    std::uint8_t code = first_[std::bit_cast<std::uint32_t>(value) >> kShift];
    while (value > borders_[code]) ++code;
    return code;
  }

 private:
  static constexpr int kShift = 17;   // leaves the sign, the exponent and six bits
  std::array<float, 256> borders_{};  // between a code and the next
  std::array<std::uint8_t, 1u << (32 - kShift)> first_{};
};

/// Values in 8 bits, with a scale for every kQuantum of them.
struct Moment {
  explicit Moment(std::size_t count, bool is_signed)
      : codebook(dynamic_codebook(is_signed)),
        nearest(codebook),
        codes(count, nearest(0)),
        scales(count / kQuantum + 1, 0.0f) {}

  void load(std::int64_t begin, std::int64_t count, std::int64_t scale, float* to) const {
    const float unit = scales[static_cast<std::size_t>(scale)];
    for (std::int64_t i = 0; i < count; ++i) {
      to[i] = unit * codebook[codes[static_cast<std::size_t>(begin + i)]];
    }
  }
  void store(std::int64_t begin, std::int64_t count, std::int64_t scale, const float* from) {
    float largest = 0;
    for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(from[i]));
    scales[static_cast<std::size_t>(scale)] = largest;
    const float inverse = largest > 0 ? 1.0f / largest : 0.0f;
    for (std::int64_t i = 0; i < count; ++i) {
      codes[static_cast<std::size_t>(begin + i)] = nearest(from[i] * inverse);
    }
  }

  Codebook codebook;
  Nearest nearest;
  std::vector<std::uint8_t> codes;
  std::vector<float> scales;
};

class AdamW8 final : public Optimiser {
 public:
  AdamW8(const TrainOptions& options, const std::vector<ParameterBlock>& blocks)
      : options_(options),
        ranges_(block_ranges(blocks, kQuantum)),
        first_(static_cast<std::size_t>(values_in(blocks)), true),
        second_(static_cast<std::size_t>(values_in(blocks)), false) {
    first_.scales.assign(ranges_.size(), 0.0f);
    second_.scales.assign(ranges_.size(), 0.0f);
  }

  void update(const UpdateStep& step, std::span<const float> gradient,
              std::span<float> values) override {
    parallel_ranges(static_cast<std::int64_t>(ranges_.size()), kGrain / kQuantum,
                    [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        update_range(step, i, gradient, values);
                      }
                    });
  }

  std::string state() const override {
    return bytes_of(first_.codes, first_.scales, second_.codes, second_.scales);
  }
  std::vector<std::string_view> state_views() const override {
    return {view_of(first_.codes), view_of(first_.scales), view_of(second_.codes),
            view_of(second_.scales)};
  }
  Result<void> set_state(std::string_view bytes) override {
    if (!fill_from(bytes, first_.codes, first_.scales, second_.codes, second_.scales))
      return corrupt("an 8-bit AdamW state of another size");
    return {};
  }
  std::int64_t state_bytes() const override {
    return static_cast<std::int64_t>(2 * first_.codes.size() +
                                     2 * first_.scales.size() * sizeof(float));
  }

 private:
  void update_range(const UpdateStep& step, std::int64_t index, std::span<const float> gradient,
                    std::span<float> values) {
    const BlockRange& range = ranges_[static_cast<std::size_t>(index)];
    const std::int64_t count = range.end - range.begin;
    std::array<float, kQuantum> first{};
    std::array<float, kQuantum> second{};
    first_.load(range.begin, count, index, first.data());
    second_.load(range.begin, count, index, second.data());
    const double at = static_cast<double>(step.number);
    const auto beta1 = static_cast<float>(options_.beta1);
    const auto beta2 = static_cast<float>(options_.beta2);
    const double own_rate = step.learning_rate * range.rate_factor;
    const auto rate = static_cast<float>(own_rate / (1.0 - std::pow(options_.beta1, at)));
    const auto correction = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta2, at)));
    const auto keep =
        static_cast<float>(1.0 - (range.decays ? own_rate * options_.weight_decay : 0.0));
    for (std::int64_t i = 0; i < count; ++i) {
      const float g = gradient.data()[range.begin + i] * static_cast<float>(step.gradient_scale);
      const auto k = static_cast<std::size_t>(i);
      first[k] = beta1 * first[k] + (1 - beta1) * g;
      second[k] = beta2 * second[k] + (1 - beta2) * g * g;
      float& value = values.data()[range.begin + i];
      value = value * keep -
              rate * first[k] /
                  (std::sqrt(second[k] * correction) + static_cast<float>(options_.epsilon));
    }
    first_.store(range.begin, count, index, first.data());
    second_.store(range.begin, count, index, second.data());
  }

  TrainOptions options_;
  std::vector<BlockRange> ranges_;  // one for each scale
  Moment first_, second_;
};

}  // namespace

std::unique_ptr<Optimiser> make_adamw8(const TrainOptions& options,
                                       std::vector<ParameterBlock> blocks) {
  return std::make_unique<AdamW8>(options, blocks);
}

}  // namespace residency::train
