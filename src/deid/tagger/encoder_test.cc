// The encoder: its kernels, its gradients, and that where a text is cut does not matter.
#include "deid/tagger/encoder.h"

#include <cmath>
#include <gtest/gtest.h>

#include "deid/tagger/encoder_kernels.h"
#include "deid/tagger/encoder_training.h"

namespace residency::deid {
namespace {

std::vector<float> random_floats(TagRandom& random, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.below(2001)) / 1000.0f - 1.0f;
  return values;
}

TEST(EncoderKernels, ProductsAreThoseOfPlainLoops) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  TagRandom random(3);
  for (const std::size_t rows : {1u, 3u, 4u, 7u, 64u}) {
    for (const std::size_t columns : {16u, 32u, 80u, 160u}) {
      for (const std::size_t inner : {1u, 5u, 80u}) {
        const std::size_t stride = inner + 3;
        const auto a = random_floats(random, rows * stride);
        const auto b = random_floats(random, inner * columns);
        auto c = random_floats(random, rows * columns);
        auto expected = c;
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < columns; ++j) {
            for (std::size_t p = 0; p < inner; ++p)
              expected[i * columns + j] += a[i * stride + p] * b[p * columns + j];
          }
        }
        kernels.multiply_add(rows, columns, inner, a.data(), stride, b.data(), c.data(), columns);
        for (std::size_t i = 0; i < c.size(); ++i) ASSERT_NEAR(c[i], expected[i], 1e-4f);
      }
    }
  }
}

/// Two texts of a few tokens with a gap between them.
TrainTokens small_batch(TagRandom& random) {
  TrainTokens batch;
  for (int text = 0; text < 2; ++text) {
    for (int i = 0; i < 9; ++i)
      batch.add(static_cast<std::uint8_t>(random.below(kTagLabels)),
                {static_cast<std::uint32_t>(random.below(5)),
                 5 + static_cast<std::uint32_t>(random.below(5))});
    for (std::size_t i = 0; i < kEncoderMargin; ++i) batch.add(TrainTokens::kGap, {});
  }
  return batch;
}

TEST(EncoderTraining, GradientsAreThoseOfFiniteDifferences) {
  TagRandom random(21);
  EncoderWeights weights = initial_weights(0, random);
  for (float& value : weights.table) value *= 5;
  const TrainTokens batch = small_batch(random);
  EncoderGradients gradients(0);
  add_gradients(weights, batch, 1.0f, 9, gradients);
  const auto loss = [&] {
    EncoderGradients other(0);
    add_gradients(weights, batch, 1.0f, 9, other);
    return other.loss;
  };
  const auto check = [&](std::vector<float>& values, const std::vector<float>& gradient,
                         std::size_t at) {
    const float kept = values[at];
    const float step = 2e-3f;
    values[at] = kept + step;
    const double above = loss();
    values[at] = kept - step;
    const double below = loss();
    values[at] = kept;
    const double slope = (above - below) / (2 * static_cast<double>(step));
    EXPECT_NEAR(static_cast<double>(gradient[at]), slope, 0.02 + 0.03 * std::fabs(slope)) << at;
  };
  for (int i = 0; i < 40; ++i) check(weights.table, gradients.sums.table, random.below(800));
  for (std::size_t l = 0; l < kEncoderLayers; ++l) {
    for (int i = 0; i < 20; ++i)
      check(weights.layers[l].weights, gradients.sums.layers[l].weights,
            random.below(weights.layers[l].weights.size()));
    check(weights.layers[l].bias, gradients.sums.layers[l].bias, random.below(160));
  }
  for (int i = 0; i < 20; ++i) check(weights.head, gradients.sums.head, random.below(27));
  EXPECT_EQ(gradients.tokens, 18u);
}

TEST(EncoderTraining, StepsLowerTheLossOfABatchAndClearTheGradients) {
  TagRandom random(4);
  EncoderWeights weights = initial_weights(0, random);
  EncoderOptimiser optimiser(0);
  std::vector<EncoderGradients> parts(2, EncoderGradients(0));
  const TrainTokens batch = small_batch(random);
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    add_gradients(weights, batch, 1.0f / 36, 1, parts[0]);
    add_gradients(weights, batch, 1.0f / 36, 1, parts[1]);
    last = parts[0].loss;
    if (step == 0) first = last;
    optimiser.step(weights, parts, 0.01f);
    EXPECT_EQ(parts[0].tokens, 0u);
    EXPECT_TRUE(parts[1].touched.empty());
  }
  EXPECT_LT(last, 0.2 * first);
}

TEST(Encoder, ATokensScoresDependOnSixteenTokensToEitherSideAndNoMore) {
  TagRandom random(14);
  const EncoderWeights weights = initial_weights(0, random);
  const std::size_t tokens = 90;
  EncoderStretch whole, part;
  whole.resize(tokens);
  const auto values = random_floats(random, tokens * kEncoderWidth);
  std::copy(values.begin(), values.end(), whole.row(0));
  std::vector<TagScores> of_whole, of_part;
  encode(weights, whole, of_whole);
  part.resize(40);
  std::copy_n(values.begin() + 20 * static_cast<std::ptrdiff_t>(kEncoderWidth), 40 * kEncoderWidth,
              part.row(0));
  encode(weights, part, of_part);
  for (std::size_t i = kEncoderReach; i < 40 - kEncoderReach; ++i) {
    for (std::size_t l = 0; l < kTagLabels; ++l)
      EXPECT_NEAR(of_part[i][l], of_whole[20 + i][l], 1e-4f);
  }
  EXPECT_GT(std::fabs(of_part[0][0] - of_whole[20][0]), 1e-4f);
}

}  // namespace
}  // namespace residency::deid
