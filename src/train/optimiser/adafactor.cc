#include <cmath>

#include "train/optimiser/block_ranges.h"
#include "train/optimiser/optimisers.h"

namespace residency::train {
namespace {

// The paper's constants.
constexpr double kDecayPower = 0.8;     // beta2 of step t is 1 - t^-0.8
constexpr float kSquareFloor = 1e-30f;  // added to every squared gradient
constexpr double kUpdateClip = 1.0;     // largest root mean square of a block's update

class Adafactor final : public Optimiser {
 public:
  Adafactor(const TrainOptions& options, std::vector<ParameterBlock> blocks)
      : options_(options), blocks_(std::move(blocks)) {
    std::size_t rows = 0;
    std::size_t columns = 0;
    for (const ParameterBlock& block : blocks_) {
      places_.push_back({rows, columns});
      rows += static_cast<std::size_t>(block.rows);
      columns += static_cast<std::size_t>(block.columns);
    }
    rows_.resize(rows);
    columns_.resize(columns);
  }

  void update(const UpdateStep& step, std::span<const float> gradient,
              std::span<float> values) override {
    parallel_for(static_cast<std::int64_t>(blocks_.size()), [&](std::int64_t task, std::int64_t) {
      const auto i = static_cast<std::size_t>(task);
      update_block(step, blocks_[i], rows_.data() + places_[i].row,
                   columns_.data() + places_[i].column, gradient.data() + blocks_[i].offset,
                   values.data() + blocks_[i].offset);
    });
  }

  std::string state() const override { return bytes_of(rows_, columns_); }
  Result<void> set_state(std::string_view bytes) override {
    if (!fill_from(bytes, rows_, columns_)) return corrupt("an Adafactor state of another size");
    return {};
  }
  std::int64_t state_bytes() const override {
    return static_cast<std::int64_t>((rows_.size() + columns_.size()) * sizeof(float));
  }

 private:
  struct Place {
    std::size_t row = 0;
    std::size_t column = 0;
  };

  void update_block(const UpdateStep& step, const ParameterBlock& block, float* rows,
                    float* columns, const float* gradient, float* values) const {
    const auto beta =
        static_cast<float>(1.0 - std::pow(static_cast<double>(step.number), -kDecayPower));
    const auto scale = static_cast<float>(step.gradient_scale);
    std::vector<float> column_sums(static_cast<std::size_t>(block.columns), 0.0f);
    double row_total = 0;
    for (std::int64_t r = 0; r < block.rows; ++r) {
      float sum = 0;
      for (std::int64_t c = 0; c < block.columns; ++c) {
        const float g = gradient[r * block.columns + c] * scale;
        const float square = g * g + kSquareFloor;
        sum += square;
        column_sums[static_cast<std::size_t>(c)] += square;
      }
      rows[r] = beta * rows[r] + (1 - beta) * sum / static_cast<float>(block.columns);
      row_total += static_cast<double>(rows[r]);
    }
    for (std::int64_t c = 0; c < block.columns; ++c) {
      columns[c] = beta * columns[c] + (1 - beta) * column_sums[static_cast<std::size_t>(c)] /
                                           static_cast<float>(block.rows);
    }
    const auto row_mean = static_cast<float>(row_total / static_cast<double>(block.rows));
    const auto update_of = [&](std::int64_t r, std::int64_t c) {
      return gradient[r * block.columns + c] * scale / std::sqrt(rows[r] / row_mean * columns[c]);
    };
    double squares = 0;
    for (std::int64_t r = 0; r < block.rows; ++r) {
      for (std::int64_t c = 0; c < block.columns; ++c) {
        const auto value = static_cast<double>(update_of(r, c));
        squares += value * value;
      }
    }
    const double root = std::sqrt(squares / static_cast<double>(block.size()));
    const double own_rate = step.learning_rate * block.rate_factor;
    const auto rate = static_cast<float>(own_rate / std::max(1.0, root / kUpdateClip));
    const auto keep =
        static_cast<float>(1.0 - (block.decays ? own_rate * options_.weight_decay : 0.0));
    for (std::int64_t r = 0; r < block.rows; ++r) {
      for (std::int64_t c = 0; c < block.columns; ++c) {
        float& value = values[r * block.columns + c];
        value = value * keep - rate * update_of(r, c);
      }
    }
  }

  TrainOptions options_;
  std::vector<ParameterBlock> blocks_;
  std::vector<Place> places_;
  std::vector<float> rows_, columns_;  // running means of squares
};

}  // namespace

std::unique_ptr<Optimiser> make_adafactor(const TrainOptions& options,
                                          std::vector<ParameterBlock> blocks) {
  return std::make_unique<Adafactor>(options, std::move(blocks));
}

}  // namespace residency::train
