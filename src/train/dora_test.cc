// DoRA in both engines: gradients, merging, beginnings.
#include <gmock/gmock.h>

#include "model/convert.h"
#include "model/testing/string_file.h"
#include "train/adapter_layout.h"
#include "train/base_weights.h"
#include "train/fast_engine.h"
#include "train/reference_engine.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using testing::random_sequence;
using testing::relative_error;
using testing::TinyModel;

constexpr std::int64_t kTokensMax = 256;

LoraOptions dora_options(std::int64_t rank = 4) {
  LoraOptions lora;
  lora.rank = rank;
  lora.alpha = 8;
  lora.dora = true;
  return lora;
}

/// A and B away from zero, magnitudes near the base's.
std::vector<float> dora_values(const TinyModel& tiny, std::uint64_t seed) {
  std::vector<float> values = tiny.values(seed);
  EXPECT_TRUE(start_magnitudes(tiny.layout, *tiny.file, values).ok());
  Random random(seed + 1);
  for (const AdapterPlace& place : tiny.layout.places) {
    for (std::int64_t i = 0; i < place.out; ++i)
      values[static_cast<std::size_t>(place.m_offset + i)] *=
          static_cast<float>(0.8 + 0.4 * random.uniform());
  }
  return values;
}

/// Lengths of the rows of W + scale B A, in double.
std::vector<double> row_lengths(const TinyModel& tiny, const AdapterPlace& place,
                                const std::vector<float>& values) {
  const std::vector<float> w = base_tensor(*tiny.file, place.tensor).value();
  std::vector<double> lengths;
  for (std::int64_t row = 0; row < place.out; ++row) {
    double squares = 0;
    for (std::int64_t i = 0; i < place.in; ++i) {
      double sum = static_cast<double>(w[static_cast<std::size_t>(row * place.in + i)]);
      for (std::int64_t r = 0; r < place.rank; ++r) {
        sum += place.scale *
               static_cast<double>(
                   values[static_cast<std::size_t>(place.b_offset + row * place.rank + r)]) *
               static_cast<double>(
                   values[static_cast<std::size_t>(place.a_offset + r * place.in + i)]);
      }
      squares += sum * sum;
    }
    lengths.push_back(std::sqrt(squares));
  }
  return lengths;
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
  const auto loss = engine.accumulate_gradient(sequence, 0.25, answer.gradient);
  EXPECT_TRUE(loss.ok()) << loss.error().message();
  answer.loss = loss.ok() ? *loss : 0;
  return answer;
}

TinyModel dora_model(const model::TinyLlamaOptions& options = {}) {
  TinyModel tiny(4, options);
  tiny.layout = make_layout(tiny.config, dora_options());
  return tiny;
}

TEST(Dora, GradientsAgreeWithFiniteDifferencesAtConstantLengths) {
  const TinyModel tiny = dora_model();
  const auto engine = make_reference_engine(ReferenceType::kFloat64, *tiny.file, tiny.config,
                                            tiny.layout, kTokensMax)
                          .value();
  const std::vector<float> values = dora_values(tiny, 1);
  const auto sequence = random_sequence({9, 5}, tiny.config.vocabulary, 2);
  const Answer answer = ask(*engine, values, sequence);
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const auto at = static_cast<std::size_t>(random.below(values.size()));
    const AdapterPlace* place = nullptr;
    for (const AdapterPlace& one : tiny.layout.places) {
      if (static_cast<std::int64_t>(at) >= one.a_offset) place = &one;
    }
    const bool magnitude = static_cast<std::int64_t>(at) >= place->m_offset;
    const auto before = row_lengths(tiny, *place, values);
    const auto loss_at = [&](float value) {
      std::vector<float> moved = values;
      moved[at] = value;
      // The method's gradient takes lengths as constants: magnitudes make up for their change.
      if (!magnitude) {
        const auto after = row_lengths(tiny, *place, moved);
        for (std::size_t row = 0; row < after.size(); ++row)
          moved[static_cast<std::size_t>(place->m_offset) + row] *=
              static_cast<float>(after[row] / before[row]);
      }
      EXPECT_TRUE(engine->set_adapter(moved).ok());
      return 0.25 * engine->loss(sequence).value();
    };
    constexpr float kStep = 1.0f / 256;
    const double slope = (loss_at(values[at] + kStep) - loss_at(values[at] - kStep)) / (2 * kStep);
    EXPECT_NEAR(static_cast<double>(answer.gradient[at]), slope, 2e-4 + 5e-3 * std::abs(slope))
        << place->tensor << (magnitude ? " magnitude" : "");
  }
}

struct Case {
  Precision precision;
  InstructionSet set;
  WeightForm form;
  Recompute recompute;
};

class FastDora : public ::testing::TestWithParam<Case> {};

TEST_P(FastDora, LossAndGradientsAreTheReferences) {
  const auto& [precision, set, form, recompute] = GetParam();
  if (!runs(set)) GTEST_SKIP() << "the machine lacks the instruction set";
  TinyModel tiny = form == WeightForm::kQuantised ? testing::quantised_tiny() : TinyModel();
  LoraOptions lora = dora_options(5);
  lora.modules = {{"blk.1.attn_k", 0, 1}, {"blk.0.ffn_down", 2, 3}};
  tiny.layout = make_layout(tiny.config, lora);
  const std::vector<float> values = dora_values(tiny, 4);
  const auto expected_by = make_reference_engine(ReferenceType::kFloat64, *tiny.file, tiny.config,
                                                 tiny.layout, kTokensMax)
                               .value();
  const auto engine = make_fast_engine(precision, *tiny.file, tiny.config, tiny.layout, kTokensMax,
                                       set, {form, recompute})
                          .value();
  const bool exact = precision == Precision::kFp32;
  for (const std::vector<std::int64_t>& lengths :
       {std::vector<std::int64_t>{150, 3, 70}, {1, 2, 33, 65}}) {
    const auto sequence = random_sequence(lengths, tiny.config.vocabulary, 6);
    const Answer expected = ask(*expected_by, values, sequence);
    const Answer answer = ask(*engine, values, sequence);
    EXPECT_NEAR(answer.loss, expected.loss, (exact ? 1e-5 : 1e-2) * (1 + expected.loss));
    for (const AdapterPlace& place : tiny.layout.places) {
      const auto part = [&](const std::vector<float>& all, std::int64_t at, std::int64_t count) {
        return std::vector<float>(all.begin() + at, all.begin() + at + count);
      };
      const std::int64_t matrices = place.rank * (place.in + place.out);
      EXPECT_LT(relative_error(part(answer.gradient, place.a_offset, matrices),
                               part(expected.gradient, place.a_offset, matrices)),
                exact ? 5e-5 : 0.06)
          << place.tensor;
      EXPECT_LT(relative_error(part(answer.gradient, place.m_offset, place.out),
                               part(expected.gradient, place.m_offset, place.out)),
                exact ? 5e-5 : 0.06)
          << place.tensor << " magnitudes";
    }
    EXPECT_EQ(ask(*engine, values, sequence).gradient, answer.gradient);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FastDora,
    ::testing::Values(
        Case{Precision::kFp32, InstructionSet::kGeneric, WeightForm::kPacked, Recompute::kNone},
        Case{Precision::kBf16, InstructionSet::kAvx2, WeightForm::kPacked, Recompute::kNone},
        Case{Precision::kFp32, InstructionSet::kAvx512, WeightForm::kQuantised, Recompute::kNone},
        Case{Precision::kBf16, InstructionSet::kAvx512, WeightForm::kPacked,
             Recompute::kFeedForward},
        Case{Precision::kBf16, InstructionSet::kAvx512Bf16, WeightForm::kPacked, Recompute::kNone},
        Case{Precision::kBf16, InstructionSet::kAvx512Bf16, WeightForm::kQuantised,
             Recompute::kNone}));

TEST(Dora, BeginsAsTheBase) {
  const TinyModel tiny = dora_model();
  std::vector<float> values = initial_values(tiny.layout, 3);
  ASSERT_TRUE(start_magnitudes(tiny.layout, *tiny.file, values).ok());
  const auto tokens = random_sequence({50}, tiny.config.vocabulary, 8).tokens;
  for (const bool adapted : {false, true}) {
    const AdapterLayout layout = adapted ? tiny.layout : AdapterLayout{};
    const auto engine = make_fast_engine(Precision::kFp32, *tiny.file, tiny.config, layout,
                                         kTokensMax, best_instruction_set())
                            .value();
    ASSERT_TRUE(engine->set_adapter(adapted ? values : std::vector<float>()).ok());
    static std::vector<float> base;
    const auto said = engine->logprobs(tokens).value();
    if (adapted) {
      EXPECT_LT(relative_error(said, base), 1e-6);
    }
    base = said;
  }
}

TEST(Dora, TheMergedModelSaysWhatTheAdapterSays) {
  for (const char* family : {"llama", "qwen2", "phi3"}) {
    model::TinyLlamaOptions options;
    options.family = family;
    const TinyModel tiny = dora_model(options);
    const std::vector<float> values = dora_values(tiny, 4);
    const model::LoraAdapter adapter = to_adapter(tiny.layout, values);
    ASSERT_TRUE(adapter.is_dora());
    model::testing::StringFile out;
    ASSERT_TRUE(model::merge_lora(*tiny.file, adapter, model::WeightType::kF32, out).ok());
    const auto merged = model::GgufFile::from_bytes(out.bytes(), "merged").value();
    const auto tokens = random_sequence({60}, tiny.config.vocabulary, 8).tokens;
    TrainOptions train;
    train.precision = Precision::kFp32;
    const auto with = make_engine(train, *tiny.file, tiny.config, tiny.layout).value();
    ASSERT_TRUE(with->set_adapter(values).ok());
    const auto without = make_engine(train, *merged, tiny.config, AdapterLayout{}).value();
    EXPECT_LT(relative_error(with->logprobs(tokens).value(), without->logprobs(tokens).value()),
              2e-5)
        << family;
  }
}

TEST(TakeAdapter, WhatTheAdapterSaysTheLayoutSays) {
  const TinyModel tiny(3);
  const std::vector<float> values = tiny.values(5);
  const model::LoraAdapter adapter = to_adapter(tiny.layout, values);
  const auto tokens = random_sequence({40}, tiny.config.vocabulary, 8).tokens;
  const auto said = [&](const AdapterLayout& layout, const std::vector<float>& with) {
    const auto engine = make_fast_engine(Precision::kFp32, *tiny.file, tiny.config, layout,
                                         kTokensMax, best_instruction_set())
                            .value();
    EXPECT_TRUE(engine->set_adapter(with).ok());
    return engine->logprobs(tokens).value();
  };
  const auto expected = said(tiny.layout, values);
  for (const bool dora : {false, true}) {
    LoraOptions wider = dora_options(6);  // of another scale, too
    wider.dora = dora;
    wider.alpha = 20;
    const AdapterLayout layout = make_layout(tiny.config, wider);
    std::vector<float> begun = initial_values(layout, 1);
    ASSERT_TRUE(take_adapter(layout, adapter, *tiny.file, begun).ok());
    EXPECT_LT(relative_error(said(layout, begun), expected), 1e-5) << dora;
  }
  LoraOptions smaller = dora_options(2);
  const AdapterLayout narrow = make_layout(tiny.config, smaller);
  std::vector<float> lost = initial_values(narrow, 1);
  EXPECT_FALSE(take_adapter(narrow, adapter, *tiny.file, lost).ok());
  LoraOptions fewer = dora_options(6);
  fewer.targets = {"attn_q"};
  const AdapterLayout part = make_layout(tiny.config, fewer);
  std::vector<float> missing = initial_values(part, 1);
  const auto refused = take_adapter(part, adapter, *tiny.file, missing);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("attn_k"));
}

}  // namespace
}  // namespace residency::train
