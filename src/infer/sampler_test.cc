#include "infer/sampler.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

namespace residency::infer {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// How often each token is drawn in 20,000 draws.
std::map<int, double> shares(const SamplingOptions& options, const std::vector<float>& logits) {
  auto sampler = Sampler::make(options, nullptr).value();
  std::map<int, double> counts;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    counts[sampler.next(logits.data(), static_cast<std::int32_t>(logits.size())).value()] +=
        1.0 / kDraws;
  }
  return counts;
}

TEST(Sampler, GreedyTakesTheLargestAndTheLowerOfEquals) {
  auto sampler = Sampler::make({}, nullptr).value();
  const std::array<float, 4> logits{1, 3, 3, 2};
  EXPECT_EQ(sampler.next(logits.data(), 4).value(), 1);
}

TEST(Sampler, DrawsBySoftmaxAtTheTemperature) {
  SamplingOptions options;
  options.temperature = 1;
  const std::vector<float> logits{0, std::log(2.0f), kNever, std::log(5.0f)};
  auto found = shares(options, logits);
  EXPECT_NEAR(found[0], 1.0 / 8, 0.01);
  EXPECT_NEAR(found[1], 2.0 / 8, 0.01);
  EXPECT_NEAR(found[3], 5.0 / 8, 0.01);
  EXPECT_EQ(found.count(2), 0u);
  options.temperature = 0.5f;  // squares the weights
  found = shares(options, logits);
  EXPECT_NEAR(found[3], 25.0 / 30, 0.01);
}

TEST(Sampler, TopKAndTopPCutTheTail) {
  SamplingOptions options;
  options.temperature = 1;
  const std::vector<float> logits{0, std::log(2.0f), 0, std::log(5.0f)};
  options.top_k = 2;
  auto found = shares(options, logits);
  EXPECT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[3], 5.0 / 7, 0.01);
  options.top_k = 0;
  options.top_p = 0.5f;  // the largest alone holds 5/9
  found = shares(options, logits);
  EXPECT_EQ(found.size(), 1u);
  options.top_p = 0.6f;
  EXPECT_EQ(shares(options, logits).size(), 2u);
}

TEST(Sampler, LogitsThatAreNoNumbersAreNeverTaken) {
  auto sampler = Sampler::make({}, nullptr).value();
  const float nan = std::nanf("");
  const std::array<float, 3> some{nan, -4, kNever};
  EXPECT_EQ(sampler.next(some.data(), 3).value(), 1);
  const std::array<float, 2> none{nan, kNever};
  const auto result = sampler.next(none.data(), 2);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace residency::infer
