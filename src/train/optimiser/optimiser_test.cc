#include "train/optimiser/optimiser.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/random.h"

namespace residency::train {
namespace {

constexpr std::int64_t kRows = 30;
constexpr std::int64_t kColumns = 40;
constexpr std::size_t kCount = kRows * kColumns + 7 * 5;

TrainOptions options_with(OptimiserKind kind) {
  TrainOptions options;
  options.optimiser = kind;
  return options;
}

std::vector<ParameterBlock> two_blocks() {
  return {{0, kRows, kColumns, 1}, {kRows * kColumns, 7, 5, 4}};
}

/// Where the loss sum((value - target)^2 / 2) is least.
std::vector<float> targets() {
  Random random(4);
  std::vector<float> values(kCount);
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto difference = static_cast<double>(a[i] - b[i]);
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

void descend(Optimiser& optimiser, std::vector<float>& values, std::int64_t from, std::int64_t to,
             double rate) {
  const std::vector<float> wanted = targets();
  std::vector<float> gradient(kCount);
  for (std::int64_t step = from; step <= to; ++step) {
    for (std::size_t i = 0; i < kCount; ++i) gradient[i] = values[i] - wanted[i];
    optimiser.update({step, rate, 1}, gradient, values);
  }
}

class EveryOptimiser : public ::testing::TestWithParam<OptimiserKind> {};

TEST_P(EveryOptimiser, FindsTheLeast) {
  const auto optimiser = make_optimiser(options_with(GetParam()), two_blocks());
  std::vector<float> values(kCount, 0.0f);
  const double before = distance(values, targets());
  descend(*optimiser, values, 1, 400, 0.01);
  EXPECT_LT(distance(values, targets()), 0.05 * before);
}

TEST_P(EveryOptimiser, GoesOnFromItsStateBitForBit) {
  const TrainOptions options = options_with(GetParam());
  const auto whole = make_optimiser(options, two_blocks());
  std::vector<float> expected(kCount, 0.0f);
  descend(*whole, expected, 1, 20, 0.01);

  const auto first = make_optimiser(options, two_blocks());
  std::vector<float> values(kCount, 0.0f);
  descend(*first, values, 1, 9, 0.01);
  const auto second = make_optimiser(options, two_blocks());
  ASSERT_TRUE(second->set_state(first->state()).ok());
  descend(*second, values, 10, 20, 0.01);
  EXPECT_EQ(values, expected);
}

TEST_P(EveryOptimiser, RefusesAStateOfAnotherSize) {
  const auto optimiser = make_optimiser(options_with(GetParam()), two_blocks());
  EXPECT_EQ(optimiser->set_state(optimiser->state() + "x").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(optimiser->state_bytes(), static_cast<std::int64_t>(optimiser->state().size()));
}

TEST_P(EveryOptimiser, WeightDecayPullsToZeroAndTheRateFactorCounts) {
  TrainOptions options = options_with(GetParam());
  options.weight_decay = 0.5;
  const auto optimiser = make_optimiser(options, two_blocks());
  std::vector<float> values(kCount, 1.0f);
  optimiser->update({1, 0.1, 1}, std::vector<float>(kCount, 0.0f), values);
  EXPECT_NEAR(static_cast<double>(values[0]), 1 - 0.1 * 0.5, 1e-4);
  EXPECT_NEAR(static_cast<double>(values.back()), 1 - 4 * 0.1 * 0.5, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(All, EveryOptimiser,
                         ::testing::Values(OptimiserKind::kAdamW, OptimiserKind::kAdamW8,
                                           OptimiserKind::kAdafactor, OptimiserKind::kSgd));

TEST(AdamW8, StaysNearAdamWInAQuarterOfItsState) {
  const auto wide = make_optimiser(options_with(OptimiserKind::kAdamW), two_blocks());
  const auto narrow = make_optimiser(options_with(OptimiserKind::kAdamW8), two_blocks());
  std::vector<float> a(kCount, 0.0f);
  std::vector<float> b(kCount, 0.0f);
  descend(*wide, a, 1, 60, 0.01);
  descend(*narrow, b, 1, 60, 0.01);
  EXPECT_LT(distance(a, b), 0.05 * distance(a, std::vector<float>(kCount, 0.0f)));
  EXPECT_GT(distance(a, b), 0);
  EXPECT_LT(narrow->state_bytes() * 3, wide->state_bytes());
}

TEST(Adafactor, KeepsRowsAndColumnsOnly) {
  const auto optimiser = make_optimiser(options_with(OptimiserKind::kAdafactor), two_blocks());
  EXPECT_EQ(optimiser->state_bytes(), static_cast<std::int64_t>(4 * (kRows + kColumns + 7 + 5)));
}

TEST(Adafactor, AnUpdateOfOneGradientIsItsSignTimesTheRate) {
  // One value: the factored estimate is exact, g / sqrt(g^2).
  const auto optimiser = make_optimiser(options_with(OptimiserKind::kAdafactor), {{0, 1, 1, 1}});
  std::vector<float> values{1.0f};
  optimiser->update({1, 0.25, 1}, std::vector<float>{-3.0f}, values);
  EXPECT_NEAR(static_cast<double>(values[0]), 1.25, 1e-6);
}

TEST(Sgd, MomentumAddsUp) {
  TrainOptions options = options_with(OptimiserKind::kSgd);
  options.momentum = 0.5;
  const auto optimiser = make_optimiser(options, {{0, 1, 1, 1}});
  std::vector<float> values{0.0f};
  optimiser->update({1, 1, 1}, std::vector<float>{1.0f}, values);
  optimiser->update({2, 1, 0.5}, std::vector<float>{1.0f}, values);
  EXPECT_FLOAT_EQ(values[0], -1.0f - (0.5f + 0.5f));
}

}  // namespace
}  // namespace residency::train
