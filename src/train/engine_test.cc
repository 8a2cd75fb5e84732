#include "train/engine.h"

#include <gmock/gmock.h>

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

struct Answer {
  double loss = 0;
  std::vector<float> gradient;
};

Answer ask(Engine& engine, const TinyModel& tiny, const std::vector<float>& values,
           const dataset::PackedSequence& sequence, double weight = 1) {
  Answer answer;
  answer.gradient.resize(values.size());
  EXPECT_TRUE(engine.set_adapter(values).ok());
  const auto loss = engine.accumulate_gradient(sequence, weight, answer.gradient);
  EXPECT_TRUE(loss.ok()) << loss.error().message();
  if (loss.ok()) answer.loss = *loss;
  EXPECT_EQ(answer.gradient.size(), static_cast<std::size_t>(tiny.layout.size));
  return answer;
}

std::unique_ptr<Engine> reference(const TinyModel& tiny,
                                  ReferenceType type = ReferenceType::kFloat64) {
  return make_reference_engine(type, *tiny.file, tiny.config, tiny.layout, kTokensMax).value();
}

std::unique_ptr<Engine> fast(const TinyModel& tiny, Precision precision,
                             InstructionSet set = best_instruction_set(),
                             WeightForm form = WeightForm::kPacked,
                             Recompute recompute = Recompute::kNone) {
  return make_fast_engine(precision, *tiny.file, tiny.config, tiny.layout, kTokensMax, set,
                          {form, recompute})
      .value();
}

TEST(ReferenceEngine, GradientsAgreeWithFiniteDifferences) {
  const TinyModel tiny(2);
  const auto engine = reference(tiny);
  std::vector<float> values = tiny.values(1);
  const auto sequence = random_sequence({9, 5}, tiny.config.vocabulary, 2);
  const Answer answer = ask(*engine, tiny, values, sequence);
  Random random(3);
  for (int i = 0; i < 40; ++i) {
    const auto at = static_cast<std::size_t>(random.below(values.size()));
    const float before = values[at];
    const auto loss_at = [&](float value) {
      values[at] = value;
      EXPECT_TRUE(engine->set_adapter(values).ok());
      return engine->loss(sequence).value();
    };
    constexpr float kStep = 1.0f / 1024;
    const double slope =
        (loss_at(before + kStep) - loss_at(before - kStep)) /
        (static_cast<double>(before + kStep) - static_cast<double>(before - kStep));
    values[at] = before;
    EXPECT_NEAR(static_cast<double>(answer.gradient[at]), slope, 1e-4 + 2e-3 * std::abs(slope));
  }
}

TEST(ReferenceEngine, GradientsOfEveryFamilyAgreeWithFiniteDifferences) {
  for (const char* family : {"llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"}) {
    model::TinyLlamaOptions options;
    options.family = family;
    options.embedding = 32;
    options.feed_forward = 48;
    options.window = 6;
    const TinyModel tiny = TinyModel::full(options);
    const auto engine = reference(tiny);
    std::vector<float> values = base_values(tiny.layout, *tiny.file, 0).value();
    const auto sequence = random_sequence({9, 5}, tiny.config.vocabulary, 2);
    const Answer answer = ask(*engine, tiny, values, sequence);
    Random random(3);
    for (const DensePlace& place : tiny.layout.dense) {
      // The largest of a few, so that the slope is not lost in rounding.
      std::size_t at = static_cast<std::size_t>(place.offset);
      for (int i = 0; i < 20; ++i) {
        const auto other = static_cast<std::size_t>(
            place.offset +
            static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(place.size()))));
        if (std::abs(answer.gradient[other]) > std::abs(answer.gradient[at])) at = other;
      }
      const float before = values[at];
      const auto loss_at = [&](float value) {
        values[at] = value;
        EXPECT_TRUE(engine->set_adapter(values).ok());
        return engine->loss(sequence).value();
      };
      constexpr float kStep = 1.0f / 2048;
      const double slope =
          (loss_at(before + kStep) - loss_at(before - kStep)) /
          (static_cast<double>(before + kStep) - static_cast<double>(before - kStep));
      values[at] = before;
      EXPECT_NEAR(static_cast<double>(answer.gradient[at]), slope, 2e-3 + 5e-3 * std::abs(slope))
          << family << " " << place.tensor;
    }
  }
}

struct FastCase {
  Precision precision;
  InstructionSet set;
  bool tied;
};

class FastEngine : public ::testing::TestWithParam<FastCase> {
 protected:
  void SetUp() override {
    if (!runs(GetParam().set)) GTEST_SKIP() << "the machine lacks the instruction set";
  }
};

TEST_P(FastEngine, LossAndGradientsAreTheReferences) {
  model::TinyLlamaOptions options;
  options.tied_head = GetParam().tied;
  const TinyModel tiny(5, options);
  const std::vector<float> values = tiny.values(4);
  const auto expected_by = reference(tiny);
  const auto engine = fast(tiny, GetParam().precision, GetParam().set);
  const bool exact = GetParam().precision == Precision::kFp32;
  for (const std::vector<std::int64_t>& lengths :
       {std::vector<std::int64_t>{150, 3, 70}, {1}, {64, 64}, {1, 2, 33, 65}}) {
    const auto sequence = random_sequence(lengths, tiny.config.vocabulary, 6);
    const Answer expected = ask(*expected_by, tiny, values, sequence, 0.25);
    const Answer answer = ask(*engine, tiny, values, sequence, 0.25);
    EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-5 : 1e-2) * (1 + expected.loss));
    if (expected.loss == 0) continue;
    EXPECT_LT(relative_error(answer.gradient, expected.gradient), exact ? 1e-5 : 0.03);
    EXPECT_EQ(engine->loss(sequence).value(), answer.loss);
  }
}

TEST_P(FastEngine, GradientsOfEveryWeightAreTheReferences) {
  model::TinyLlamaOptions options;
  options.tied_head = GetParam().tied;
  const TinyModel tiny = TinyModel::full(options);
  std::vector<float> values = base_values(tiny.layout, *tiny.file, 0).value();
  const auto expected_by = reference(tiny);
  const auto engine = fast(tiny, GetParam().precision, GetParam().set);
  const bool exact = GetParam().precision == Precision::kFp32;
  for (int round = 0; round < 2; ++round) {
    const auto sequence = random_sequence({70, 3, 41}, tiny.config.vocabulary, 6);
    const Answer expected = ask(*expected_by, tiny, values, sequence, 0.25);
    const Answer answer = ask(*engine, tiny, values, sequence, 0.25);
    EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-5 : 1e-2) * (1 + expected.loss));
    for (const DensePlace& place : tiny.layout.dense) {
      const auto part = [&](const std::vector<float>& all) {
        const auto begin = all.begin() + place.offset;
        return std::vector<float>(begin, begin + place.size());
      };
      EXPECT_LT(relative_error(part(answer.gradient), part(expected.gradient)), exact ? 1e-5 : 0.04)
          << place.tensor;
    }
    // Once more with other weights: nothing of the old ones stays behind.
    Random random(9);
    for (float& value : values) value += static_cast<float>(random.uniform() - 0.5) * 0.05f;
  }
}

TEST_P(FastEngine, LogProbabilitiesAreTheReferences) {
  model::TinyLlamaOptions options;
  options.tied_head = GetParam().tied;
  const TinyModel tiny(4, options);
  const std::vector<float> values = tiny.values(4);
  const auto expected_by = reference(tiny);
  const auto engine = fast(tiny, GetParam().precision, GetParam().set);
  const auto tokens = random_sequence({131}, tiny.config.vocabulary, 8).tokens;
  ASSERT_TRUE(expected_by->set_adapter(values).ok());
  ASSERT_TRUE(engine->set_adapter(values).ok());
  const auto expected = expected_by->logprobs(tokens).value();
  const auto answer = engine->logprobs(tokens).value();
  ASSERT_EQ(answer.size(), expected.size());
  const bool exact = GetParam().precision == Precision::kFp32;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(answer[i], expected[i], exact ? 5e-5f : 0.4f);
  }
  EXPECT_LT(relative_error(answer, expected), exact ? 1e-6 : 5e-3);
}

TEST_P(FastEngine, OnAQuantisedBaseLossAndGradientsAreTheReferences) {
  const TinyModel tiny = testing::quantised_tiny(5, GetParam().tied);
  const std::vector<float> values = tiny.values(4);
  const auto expected_by = reference(tiny);
  const auto packed = fast(tiny, GetParam().precision, GetParam().set);
  const auto engine = fast(tiny, GetParam().precision, GetParam().set, WeightForm::kQuantised);
  const bool exact = GetParam().precision == Precision::kFp32;
  for (const std::vector<std::int64_t>& lengths :
       {std::vector<std::int64_t>{150, 3, 70}, {1, 2, 33, 65}}) {
    const auto sequence = random_sequence(lengths, tiny.config.vocabulary, 6);
    const Answer expected = ask(*expected_by, tiny, values, sequence, 0.25);
    const Answer answer = ask(*engine, tiny, values, sequence, 0.25);
    const Answer unpacked = ask(*packed, tiny, values, sequence, 0.25);
    EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-5 : 1e-2) * (1 + expected.loss));
    EXPECT_LT(relative_error(answer.gradient, expected.gradient), exact ? 1e-5 : 0.03);
    EXPECT_NEAR(answer.loss, unpacked.loss, (exact ? 1e-6 : 1e-3) * (1 + expected.loss));
    EXPECT_LT(relative_error(answer.gradient, unpacked.gradient), exact ? 1e-5 : 0.01);
    EXPECT_EQ(engine->loss(sequence).value(), answer.loss);
  }
}

TEST_P(FastEngine, RecomputingChangesNothingButRounding) {
  for (const WeightForm form : {WeightForm::kPacked, WeightForm::kQuantised}) {
    const TinyModel tiny = testing::quantised_tiny(5, GetParam().tied);
    const std::vector<float> values = tiny.values(4);
    const auto keeps = fast(tiny, GetParam().precision, GetParam().set, form);
    const auto recomputes =
        fast(tiny, GetParam().precision, GetParam().set, form, Recompute::kFeedForward);
    const bool exact = GetParam().precision == Precision::kFp32;
    const auto sequence = random_sequence({150, 3, 70}, tiny.config.vocabulary, 6);
    const Answer expected = ask(*keeps, tiny, values, sequence, 0.25);
    const Answer answer = ask(*recomputes, tiny, values, sequence, 0.25);
    EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-6 : 1e-3) * (1 + expected.loss));
    EXPECT_LT(relative_error(answer.gradient, expected.gradient), exact ? 1e-6 : 0.03);
    EXPECT_EQ(recomputes->loss(sequence).value(), answer.loss);
    EXPECT_EQ(ask(*recomputes, tiny, values, sequence, 0.25).gradient, answer.gradient);
  }
}

TEST_P(FastEngine, PackedSequencesGiveTheLossAndGradientOfTheirSegments) {
  const TinyModel tiny;
  const std::vector<float> values = tiny.values(5);
  const auto engine = fast(tiny, GetParam().precision, GetParam().set);
  const auto packed = random_sequence({40, 17, 90, 1}, tiny.config.vocabulary, 9);
  const Answer whole = ask(*engine, tiny, values, packed);
  Answer parts;
  parts.gradient.resize(values.size());
  for (std::size_t i = 0; i + 1 < packed.segment_starts.size(); ++i) {
    parts.loss += engine->accumulate_gradient(segment_of(packed, i), 1, parts.gradient).value();
  }
  const bool exact = GetParam().precision == Precision::kFp32;
  EXPECT_NEAR(whole.loss, parts.loss, 1e-6 * whole.loss);
  EXPECT_LT(relative_error(whole.gradient, parts.gradient), exact ? 1e-6 : 2e-4);
}

TEST_P(FastEngine, EveryFamilyThatItRunsAgreesWithTheReference) {
  for (const char* family : {"qwen2", "qwen3", "phi3", "gemma"}) {
    SCOPED_TRACE(family);
    model::TinyLlamaOptions options;
    options.family = family;
    options.head_dimension = 32;
    options.tied_head = GetParam().tied;
    TinyModel tiny(5, options);
    ASSERT_EQ(fast_engine_refusal(tiny.config), "");
    const bool exact = GetParam().precision == Precision::kFp32;
    for (const char* method : {"lora", "dora", "full"}) {
      SCOPED_TRACE(method);
      LoraOptions lora;
      lora.rank = 5;
      lora.dora = std::string_view(method) == "dora";
      const bool full = std::string_view(method) == "full";
      tiny.layout = full ? make_full_layout(tiny.config) : make_layout(tiny.config, lora);
      std::vector<float> values =
          full ? base_values(tiny.layout, *tiny.file, 0).value() : tiny.values(4);
      ASSERT_TRUE(start_magnitudes(tiny.layout, *tiny.file, values).ok());
      const auto expected_by = reference(tiny);
      const auto engine = fast(tiny, GetParam().precision, GetParam().set);
      const auto sequence = random_sequence({70, 3, 41}, tiny.config.vocabulary, 6);
      const Answer expected = ask(*expected_by, tiny, values, sequence, 0.25);
      const Answer answer = ask(*engine, tiny, values, sequence, 0.25);
      EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-5 : 1e-2) * (1 + expected.loss));
      EXPECT_LT(relative_error(answer.gradient, expected.gradient), exact ? 2e-5 : 0.05);
      for (const DensePlace& place : tiny.layout.dense) {
        const auto part = [&](const std::vector<float>& all) {
          const auto begin = all.begin() + place.offset;
          return std::vector<float>(begin, begin + place.size());
        };
        EXPECT_LT(relative_error(part(answer.gradient), part(expected.gradient)),
                  exact ? 2e-5 : 0.06)
            << place.tensor;
      }
    }
  }
}

std::string case_name(const ::testing::TestParamInfo<FastCase>& info) {
  constexpr const char* kSets[] = {"generic", "avx2", "avx512", "avx512_bf16"};
  return std::string(info.param.precision == Precision::kFp32 ? "fp32_" : "bf16_") +
         kSets[static_cast<int>(info.param.set)] + (info.param.tied ? "_tied" : "_untied");
}

INSTANTIATE_TEST_SUITE_P(
    All, FastEngine,
    ::testing::Values(FastCase{Precision::kFp32, InstructionSet::kGeneric, true},
                      FastCase{Precision::kBf16, InstructionSet::kGeneric, true},
                      FastCase{Precision::kFp32, InstructionSet::kAvx2, true},
                      FastCase{Precision::kBf16, InstructionSet::kAvx2, false},
                      FastCase{Precision::kFp32, InstructionSet::kAvx512, true},
                      FastCase{Precision::kBf16, InstructionSet::kAvx512, true},
                      FastCase{Precision::kBf16, InstructionSet::kAvx512, false},
                      FastCase{Precision::kFp32, InstructionSet::kAvx512Bf16, true},
                      FastCase{Precision::kFp32, InstructionSet::kAvx512Bf16, false},
                      FastCase{Precision::kBf16, InstructionSet::kAvx512Bf16, true},
                      FastCase{Precision::kBf16, InstructionSet::kAvx512Bf16, false}),
    case_name);

TEST(Engine, AnAdapterWithZeroBIsTheBase) {
  const TinyModel tiny;
  const std::vector<float> values = initial_values(tiny.layout, 3);
  const TinyModel bare;
  AdapterLayout nothing;
  const auto tokens = random_sequence({50}, tiny.config.vocabulary, 8).tokens;
  const auto adapted = fast(tiny, Precision::kBf16);
  ASSERT_TRUE(adapted->set_adapter(values).ok());
  const auto base = make_fast_engine(Precision::kBf16, *tiny.file, tiny.config, nothing, kTokensMax,
                                     best_instruction_set())
                        .value();
  EXPECT_EQ(adapted->logprobs(tokens).value(), base->logprobs(tokens).value());
}

TEST(Engine, MatricesOfDifferentRanksAgreeWithTheReference) {
  TinyModel tiny;
  LoraOptions lora;
  lora.rank = 4;
  lora.alpha = 8;
  lora.rank_stabilised = true;
  lora.modules = {{"blk.1.attn_k", 0, 1}, {"*.attn_?", 20, 10}, {"blk.0.ffn_down", 1, 3}};
  tiny.layout = make_layout(tiny.config, lora);
  ASSERT_EQ(tiny.layout.places.size(), 13u);
  const auto sequence = random_sequence({40, 30}, tiny.config.vocabulary, 4);
  const std::vector<float> values = tiny.values(6);
  const auto ours = fast(tiny, Precision::kFp32);
  TrainOptions options;
  options.precision = Precision::kFp32;
  options.backend = Backend::kReference;
  const auto reference = make_engine(options, *tiny.file, tiny.config, tiny.layout).value();
  const Answer fast_answer = ask(*ours, tiny, values, sequence);
  const Answer slow_answer = ask(*reference, tiny, values, sequence);
  EXPECT_NEAR(fast_answer.loss, slow_answer.loss, 1e-3);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(fast_answer.gradient[i]),
                static_cast<double>(slow_answer.gradient[i]), 2e-4)
        << i;
  }
}

TEST(Engine, TheSameCallsGiveTheSameBits) {
  const TinyModel tiny;
  const std::vector<float> values = tiny.values(5);
  const auto sequence = random_sequence({120, 60}, tiny.config.vocabulary, 9);
  const auto one = fast(tiny, Precision::kBf16);
  const auto two = fast(tiny, Precision::kBf16);
  const Answer first = ask(*one, tiny, values, sequence);
  ask(*two, tiny, values, random_sequence({200}, tiny.config.vocabulary, 1));
  const Answer second = ask(*two, tiny, values, sequence);
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_EQ(first.gradient, second.gradient);
}

TEST(Engine, AfterARestTheSameCallsGiveTheSameBits) {
  const TinyModel tiny = testing::quantised_tiny();
  const std::vector<float> values = tiny.values(5);
  const auto sequence = random_sequence({120, 60}, tiny.config.vocabulary, 9);
  const auto engine = fast(tiny, Precision::kBf16, best_instruction_set(), WeightForm::kQuantised);
  const Answer first = ask(*engine, tiny, values, sequence);
  engine->rest();
  EXPECT_EQ(engine->loss(sequence).value(), first.loss);
  engine->rest();
  const Answer second = ask(*engine, tiny, values, sequence);
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_EQ(first.gradient, second.gradient);
}

TEST(Engine, QloraNeedsAQuantisedBase) {
  const TinyModel tiny;
  TrainOptions options;
  options.method = "qlora";
  for (const Backend backend : {Backend::kFast, Backend::kReference}) {
    options.backend = backend;
    const auto refused = make_engine(options, *tiny.file, tiny.config, tiny.layout);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("models quantise"));
  }
  const TinyModel quantised = testing::quantised_tiny();
  EXPECT_TRUE(make_engine(options, *quantised.file, quantised.config, quantised.layout).ok());
  options.method = "lora";
  EXPECT_TRUE(make_engine(options, *quantised.file, quantised.config, quantised.layout).ok());
}

TEST(Engine, RefusesSequencesThatAreInconsistent) {
  const TinyModel tiny;
  const auto engine = fast(tiny, Precision::kFp32);
  const auto good = random_sequence({12}, tiny.config.vocabulary, 1);
  ASSERT_TRUE(engine->set_adapter(tiny.values(1)).ok());
  ASSERT_TRUE(engine->loss(good).ok());
  const auto refused = [&](auto&& change) {
    auto bad = good;
    change(bad);
    const auto loss = engine->loss(bad);
    return !loss.ok() && loss.error().code() == ErrorCode::kInvalidInput;
  };
  EXPECT_TRUE(refused([](auto& s) { s = {}; }));
  EXPECT_TRUE(
      refused([&](auto& s) { s.tokens[3] = static_cast<std::int32_t>(tiny.config.vocabulary); }));
  EXPECT_TRUE(refused([](auto& s) { s.tokens[3] = -1; }));
  EXPECT_TRUE(refused([](auto& s) { s.targets[3] = 1 << 30; }));
  EXPECT_TRUE(refused([](auto& s) { s.targets.pop_back(); }));
  EXPECT_TRUE(refused([](auto& s) { s.positions[2] = kTokensMax; }));
  EXPECT_TRUE(refused([](auto& s) { s.segment_starts = {0, 5}; }));
  EXPECT_TRUE(refused([](auto& s) { s.segment_starts = {0, 9, 5, 12}; }));
  EXPECT_TRUE(refused([](auto& s) { s.segment_starts = {}; }));
}

}  // namespace
}  // namespace residency::train
