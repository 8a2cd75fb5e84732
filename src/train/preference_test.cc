#include "train/preference.h"

#include <cmath>
#include <gtest/gtest.h>

#include "train/pair_objective.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using testing::MemoryStore;
using testing::random_sequence;
using testing::Steps;

template <class Loss>
void expect_slopes(const PairLosses& at, const PairGradient& gradient, const Loss& loss) {
  constexpr double kStep = 1e-5;
  const double by_chosen = (loss(PairLosses{at.chosen + kStep, at.rejected}) -
                            loss(PairLosses{at.chosen - kStep, at.rejected})) /
                           (2 * kStep);
  const double by_rejected = (loss(PairLosses{at.chosen, at.rejected + kStep}) -
                              loss(PairLosses{at.chosen, at.rejected - kStep})) /
                             (2 * kStep);
  EXPECT_NEAR(gradient.by_chosen, by_chosen, 1e-6);
  EXPECT_NEAR(gradient.by_rejected, by_rejected, 1e-6);
}

TEST(Preference, DerivativesAreTheSlopes) {
  for (const PairLosses at : {PairLosses{12, 9}, {3, 40}, {0.5, 0.6}}) {
    const PairLosses reference{10, 11};
    expect_slopes(at, dpo(at, reference, 0.3),
                  [&](const PairLosses& p) { return dpo(p, reference, 0.3).loss; });
    expect_slopes(at, orpo(at, 5, 7, 0.4),
                  [&](const PairLosses& p) { return orpo(p, 5, 7, 0.4).loss; });
  }
}

TEST(Preference, KtoPullsWhereItShould) {
  for (const bool desirable : {true, false}) {
    const auto loss = [&](double policy) { return kto(policy, 10, 0.3, desirable, 0.4).loss; };
    const auto at = kto(9, 10, 0.3, desirable, 0.4);
    EXPECT_NEAR(at.by_chosen, (loss(9 + 1e-5) - loss(9 - 1e-5)) / 2e-5, 1e-6);
    EXPECT_EQ(at.by_chosen > 0, desirable);
    EXPECT_TRUE(std::isfinite(kto(1e9, 0, 0, desirable, 1).loss));
  }
}

TEST(Preference, DpoOfTheReferenceItselfIsLogTwo) {
  EXPECT_NEAR(dpo({7, 9}, {7, 9}, 0.1).loss, std::log(2.0), 1e-12);
  EXPECT_LT(dpo({6, 10}, {7, 9}, 0.1).loss, std::log(2.0));
  EXPECT_TRUE(std::isfinite(dpo({1e9, 0}, {0, 1e9}, 1).loss));
  EXPECT_TRUE(std::isfinite(orpo({0, 0}, 3, 3, 1).loss));
}

TEST(Preference, SegmentsWeightTheirGradients) {
  const testing::TinyModel tiny;
  const std::vector<float> values = tiny.values(4);
  auto sequence = random_sequence({20, 30}, tiny.config.vocabulary, 6);
  for (const Backend backend : {Backend::kFast, Backend::kReference}) {
    TrainOptions options;
    options.precision = Precision::kFp32;
    options.backend = backend;
    const auto engine = make_engine(options, *tiny.file, tiny.config, tiny.layout).value();
    ASSERT_TRUE(engine->set_adapter(values).ok());
    sequence.segment_weights.clear();
    const auto sums = engine->segment_losses(sequence).value();
    EXPECT_NEAR(sums[0] + sums[1], engine->loss(sequence).value(), 1e-3);
    const auto gradient_of = [&](std::vector<float> weights) {
      sequence.segment_weights = std::move(weights);
      std::vector<float> gradient(values.size());
      EXPECT_TRUE(engine->accumulate_gradient(sequence, 1, gradient).ok());
      return gradient;
    };
    const auto first = gradient_of({1, 0});
    const auto second = gradient_of({0, 1});
    const auto both = gradient_of({2, -0.5f});
    for (std::size_t i = 0; i < both.size(); ++i)
      ASSERT_NEAR(both[i], 2 * first[i] - 0.5f * second[i], 1e-4f + 1e-4f * std::abs(both[i]));
    sequence.segment_weights = {1};
    std::vector<float> gradient(values.size());
    EXPECT_FALSE(engine->accumulate_gradient(sequence, 1, gradient).ok());
  }
}

class PairTraining : public ::testing::TestWithParam<const char*> {};

TEST_P(PairTraining, TheChosenAnswersBecomeTheLikelier) {
  const std::string path = ::testing::TempDir() + "residency_pairs.gguf";
  ASSERT_TRUE(Env::posix().write_file_atomic(path, model::make_tiny_llama(7).value()).ok());
  std::vector<dataset::PackedSequence> train;
  for (std::uint64_t i = 0; i < 6; ++i) {
    train.push_back(random_sequence({14, 14}, 272, 40 + i));
    train.back().judgement =
        i % 2 == 0 ? dataset::Judgement::kDesirable : dataset::Judgement::kUndesirable;
  }
  for (const char* method : {"lora", "full"}) {
    TrainOptions options;
    options.objective = GetParam();
    options.method = method;
    options.preference_beta = 0.5;
    options.lora.rank = 8;
    options.learning_rate = options.method == "full" ? 2e-3 : 1e-2;
    options.sequence_tokens_max = 64;
    options.epochs = 40;
    options.batch_tokens = 60;
    MemoryStore store;
    Steps steps;
    NoProgress progress;
    const auto result = train::run(options, {path, train, train}, store, steps, progress);
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_LT(*result->best_validation_loss, 0.6 * result->history.front().loss);
    if (options.objective == "dpo") {
      EXPECT_NEAR(result->history.front().loss, std::log(2.0), 1e-3);
    }
  }
  auto not_pairs = train;
  not_pairs[2] = random_sequence({14}, 272, 1);
  TrainOptions options;
  options.objective = GetParam();
  options.sequence_tokens_max = 64;
  MemoryStore store;
  Steps steps;
  NoProgress progress;
  const std::vector<dataset::PackedSequence> none;
  EXPECT_FALSE(train::run(options, {path, not_pairs, none}, store, steps, progress).ok());
}

INSTANTIATE_TEST_SUITE_P(Objectives, PairTraining, ::testing::Values("dpo", "orpo", "kto"));

}  // namespace
}  // namespace residency::train
