// Heads that say labels: gradients, agreement of the engines, attention in both directions.
#include <gtest/gtest.h>

#include "train/fast_engine.h"
#include "train/reference_engine.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using testing::random_sequence;
using testing::relative_error;
using testing::segment_of;
using testing::TinyModel;

constexpr std::int64_t kTokensMax = 256;
constexpr std::int64_t kLabels = 5;

TinyModel with_head(TinyModel tiny, model::HeadKind kind, bool bidirectional) {
  HeadPlace head{kind, bidirectional, kLabels, tiny.config.embedding, tiny.layout.size};
  tiny.layout.size = head.bias_offset() + head.labels;
  tiny.layout.head = head;
  return tiny;
}

/// A sequence with labels as the kind asks for them.
dataset::PackedSequence labelled(const std::vector<std::int64_t>& lengths, const TinyModel& tiny,
                                 std::uint64_t seed) {
  auto sequence = random_sequence(lengths, tiny.config.vocabulary, seed);
  const bool tags = tiny.layout.head->kind == model::HeadKind::kTags;
  for (std::size_t i = 0; i < sequence.targets.size(); ++i) {
    auto& target = sequence.targets[i];
    if (target >= 0) target %= kLabels;
    if (!tags) target = -1;
  }
  for (std::size_t i = 1; !tags && i < sequence.segment_starts.size(); ++i) {
    sequence.targets[sequence.segment_starts[i] - 1] = static_cast<std::int32_t>(i % kLabels);
    sequence.label_sets.push_back(i % 2 == 0 ? std::vector<std::int32_t>{0, 3}
                                             : std::vector<std::int32_t>{});
  }
  return sequence;
}

std::vector<TinyModel> all_heads() {
  std::vector<TinyModel> all;
  for (const auto kind :
       {model::HeadKind::kTags, model::HeadKind::kLabel, model::HeadKind::kLabels}) {
    all.push_back(with_head(TinyModel(3), kind, true));
    all.push_back(with_head(TinyModel(3), kind, false));
  }
  all.push_back(with_head(TinyModel::full(), model::HeadKind::kTags, true));
  return all;
}

struct Answer {
  double loss = 0;
  std::vector<float> gradient;
};

Answer ask(Engine& engine, const std::vector<float>& values,
           const dataset::PackedSequence& sequence) {
  Answer answer;
  answer.gradient.resize(values.size());
  EXPECT_TRUE(engine.set_adapter(values).ok());
  const auto loss = engine.accumulate_gradient(sequence, 0.5, answer.gradient);
  EXPECT_TRUE(loss.ok()) << loss.error().message();
  if (loss.ok()) answer.loss = *loss;
  return answer;
}

TEST(LabelHead, GradientsAgreeWithFiniteDifferences) {
  for (const TinyModel& tiny : all_heads()) {
    const auto engine = make_reference_engine(ReferenceType::kFloat64, *tiny.file, tiny.config,
                                              tiny.layout, kTokensMax)
                            .value();
    std::vector<float> values = tiny.values(1);
    const auto sequence = labelled({9, 5, 2}, tiny, 2);
    const Answer answer = ask(*engine, values, sequence);
    Random random(3);
    for (int i = 0; i < 30; ++i) {
      // Half of them in the head.
      const auto from = i % 2 == 0 ? static_cast<std::size_t>(tiny.layout.head->offset) : 0;
      const std::size_t at = from + static_cast<std::size_t>(random.below(values.size() - from));
      const float before = values[at];
      const auto loss_at = [&](float value) {
        values[at] = value;
        EXPECT_TRUE(engine->set_adapter(values).ok());
        return 0.5 * engine->loss(sequence).value();
      };
      constexpr float kStep = 1.0f / 1024;
      const double slope = (loss_at(before + kStep) - loss_at(before - kStep)) / (2.0 / 1024);
      values[at] = before;
      EXPECT_NEAR(static_cast<double>(answer.gradient[at]), slope, 2e-4 + 3e-3 * std::abs(slope));
    }
  }
}

TEST(LabelHead, FastEngineAgreesWithTheReference) {
  for (const TinyModel& tiny : all_heads()) {
    const auto values = tiny.values(4);
    // More than a block of attention, and segments of a row or two.
    const auto sequence = labelled({70, 1, 2, 33}, tiny, 5);
    const auto reference = make_reference_engine(ReferenceType::kFloat64, *tiny.file, tiny.config,
                                                 tiny.layout, kTokensMax)
                               .value();
    const Answer want = ask(*reference, values, sequence);
    for (const auto precision : {Precision::kFp32, Precision::kBf16}) {
      for (const auto set : {InstructionSet::kGeneric, best_instruction_set()}) {
        const auto engine =
            make_fast_engine(precision, *tiny.file, tiny.config, tiny.layout, kTokensMax, set)
                .value();
        const Answer got = ask(*engine, values, sequence);
        const double bound = precision == Precision::kFp32 ? 1e-5 : 0.03;
        EXPECT_NEAR(got.loss, want.loss, bound * std::abs(want.loss));
        EXPECT_LT(relative_error(got.gradient, want.gradient), 3 * bound);
      }
    }
  }
}

TEST(LabelHead, AttentionInBothDirectionsSeesWhatFollows) {
  for (const bool bidirectional : {true, false}) {
    const TinyModel tiny = with_head(TinyModel(3), model::HeadKind::kTags, bidirectional);
    const auto engine = make_fast_engine(Precision::kFp32, *tiny.file, tiny.config, tiny.layout,
                                         kTokensMax, best_instruction_set())
                            .value();
    ASSERT_TRUE(engine->set_adapter(tiny.values(1)).ok());
    std::vector<std::int32_t> tokens{5, 6, 7, 8};
    const auto before = engine->logprobs(tokens).value();
    ASSERT_EQ(before.size(), 4u * kLabels);
    tokens.back() = 9;
    const auto after = engine->logprobs(tokens).value();
    EXPECT_EQ(before[0] != after[0], bidirectional);
  }
}

TEST(LabelHead, PackedEqualsAlone) {
  const TinyModel tiny = with_head(TinyModel(3), model::HeadKind::kTags, true);
  const auto engine = make_fast_engine(Precision::kFp32, *tiny.file, tiny.config, tiny.layout,
                                       kTokensMax, best_instruction_set())
                          .value();
  const auto values = tiny.values(1);
  const auto packed = labelled({40, 3, 70}, tiny, 8);
  const Answer together = ask(*engine, values, packed);
  Answer alone;
  alone.gradient.resize(values.size());
  for (std::size_t i = 0; i < 3; ++i) {
    const Answer one = ask(*engine, values, segment_of(packed, i));
    alone.loss += one.loss;
    for (std::size_t j = 0; j < values.size(); ++j) alone.gradient[j] += one.gradient[j];
  }
  EXPECT_NEAR(together.loss, alone.loss, 1e-4 * alone.loss);
  EXPECT_LT(relative_error(together.gradient, alone.gradient), 1e-5);
}

TEST(LabelHead, RefusesLabelsThatItDoesNotKnow) {
  const TinyModel tiny = with_head(TinyModel(3), model::HeadKind::kLabels, true);
  auto sequence = labelled({9, 5}, tiny, 2);
  EXPECT_TRUE(check_sequence(sequence, tiny.config, tiny.layout, kTokensMax).ok());
  sequence.label_sets[0] = {kLabels};
  EXPECT_FALSE(check_sequence(sequence, tiny.config, tiny.layout, kTokensMax).ok());
  sequence.label_sets.pop_back();
  EXPECT_FALSE(check_sequence(sequence, tiny.config, tiny.layout, kTokensMax).ok());
  auto tags = labelled({9, 5}, with_head(TinyModel(3), model::HeadKind::kTags, true), 2);
  tags.targets[0] = kLabels;
  EXPECT_FALSE(check_sequence(tags, tiny.config,
                              with_head(TinyModel(3), model::HeadKind::kTags, true).layout,
                              kTokensMax)
                   .ok());
}

}  // namespace
}  // namespace residency::train
