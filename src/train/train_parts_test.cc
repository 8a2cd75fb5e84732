// The parts around the engine: options, plan, schedule, optimiser, checkpoint, estimate.
#include <cmath>
#include <gmock/gmock.h>
#include <set>

#include "train/optimiser/learning_rate.h"
#include "train/optimiser/optimiser.h"
#include "train/run_plan.h"
#include "train/step_plan.h"
#include "train/testing/tiny_training.h"

namespace residency::train {
namespace {

using ::testing::HasSubstr;

TEST(TrainOptions, ReadsARecipesSection) {
  const auto node = ConfigNode::parse(
      "method: lora\nlora: {rank: 8, targets: [attn_q, ffn_up]}\nlearning_rate: 0.001\n"
      "schedule: linear\nprecision: fp32\nbackend: reference\n",
      "r.yaml");
  const auto options = TrainOptions::from_config(*node);
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->lora.rank, 8);
  EXPECT_EQ(options->lora.alpha, 16);
  EXPECT_EQ(options->lora.targets.size(), 2u);
  EXPECT_EQ(options->schedule, Schedule::kLinear);
  EXPECT_EQ(options->precision, Precision::kFp32);
  EXPECT_EQ(options->backend, Backend::kReference);
}

TEST(TrainOptions, TheMethodIsLoraOrQlora) {
  for (const char* method : {"lora", "qlora"}) {
    const auto options = TrainOptions::from_config(
        *ConfigNode::parse(std::string("method: ") + method + "\n", "r.yaml"));
    ASSERT_TRUE(options.ok());
    EXPECT_EQ(options->method, method);
    EXPECT_THAT(options->canonical_json(), HasSubstr(std::string("\"") + method + "\""));
  }
}

TEST(TrainOptions, NamesEveryProblemAtOnce) {
  const auto node = ConfigNode::parse(
      "method: magic\nlora: {rank: 0, targets: [lm_head], dropout: 0.1}\nepochs: 0\nlr: 1\n",
      "r.yaml");
  const auto options = TrainOptions::from_config(*node);
  ASSERT_FALSE(options.ok());
  for (const char* part : {"method", "rank", "targets", "dropout", "epochs", "lr"}) {
    EXPECT_THAT(options.error().message(), HasSubstr(part));
  }
}

TEST(TrainOptions, CanonicalFormLeavesOutWhatCannotChangeTheAdapter) {
  TrainOptions a;
  TrainOptions b;
  b.threads = 7;
  b.checkpoint_every_steps = 3;
  EXPECT_EQ(a.canonical_json(), b.canonical_json());
  b.seed = 1;
  EXPECT_NE(a.canonical_json(), b.canonical_json());
}

TEST(StepPlan, EveryEpochTakesEachSequenceOnceWithinTheBatch) {
  TrainOptions options;
  options.batch_tokens = 100;
  std::vector<dataset::PackedSequence> sequences;
  for (std::uint64_t i = 0; i < 20; ++i) {
    sequences.push_back(testing::random_sequence({10 + 3 * static_cast<std::int64_t>(i)}, 272, i));
  }
  sequences[4].targets.assign(sequences[4].targets.size(), -1);
  std::vector<std::size_t> orders[2];
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::size_t> seen;
    for (const PlannedStep& step : plan_epoch(options, sequences, epoch)) {
      EXPECT_LE(step.tokens, 100);
      EXPECT_GT(step.supervised_tokens, 0);
      for (const std::size_t index : step.sequences) {
        EXPECT_TRUE(seen.insert(index).second);
        orders[epoch].push_back(index);
      }
    }
    EXPECT_EQ(seen.size(), 19u);
    EXPECT_FALSE(seen.contains(4));
  }
  EXPECT_NE(orders[0], orders[1]);
  options.epochs = 2;
  EXPECT_GT(count_steps(options, sequences), 0);
  options.steps_max = 3;
  EXPECT_EQ(count_steps(options, sequences), 3);
}

TEST(StepPlan, ASequenceLongerThanTheBatchIsAStepOfItsOwn) {
  TrainOptions options;
  options.batch_tokens = 8;
  const std::vector<dataset::PackedSequence> sequences{testing::random_sequence({50}, 272, 1),
                                                       testing::random_sequence({50}, 272, 2)};
  EXPECT_EQ(plan_epoch(options, sequences, 0).size(), 2u);
}

TEST(Schedule, WarmsUpThenFalls) {
  TrainOptions options;
  options.learning_rate = 1;
  options.warmup_ratio = 0.1;
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 5, 100), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 10, 100), 1);
  double last = 1.1;
  for (std::int64_t step = 10; step <= 100; ++step) {
    EXPECT_LT(learning_rate_at(options, step, 100), last);
    last = learning_rate_at(options, step, 100);
    EXPECT_GT(last, 0);
  }
  EXPECT_LT(last, 0.01);
  options.schedule = Schedule::kConstant;
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 100, 100), 1);
  options.schedule = Schedule::kWsd;
  EXPECT_DOUBLE_EQ(learning_rate_at(options, 80, 100), 1);
  EXPECT_LT(learning_rate_at(options, 82, 100), 1);
  EXPECT_NEAR(learning_rate_at(options, 100, 100), 1.0 / 21, 1e-12);
  options.schedule = Schedule::kLinear;
  options.warmup_ratio = 0;
  EXPECT_NEAR(learning_rate_at(options, 50, 99), 0.5, 1e-12);
}

TEST(AdamW, FollowsItsDefinition) {
  TrainOptions options;
  options.weight_decay = 0.1;
  std::vector<float> values{1.0f, -2.0f};
  const auto adamw = make_optimiser(options, {{0, 1, 2, 1}});
  double value = 1;
  double m = 0;
  double v = 0;
  for (std::int64_t step = 1; step <= 5; ++step) {
    const std::vector<float> gradient{0.5f * static_cast<float>(step), 0};
    adamw->update({step, 0.01, 0.5}, gradient, values);
    const double g = 0.25 * static_cast<double>(step);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double at = static_cast<double>(step);
    value =
        value * (1 - 0.01 * 0.1) - 0.01 * (m / (1 - std::pow(0.9, at))) /
                                       (std::sqrt(v / (1 - std::pow(0.999, at))) + options.epsilon);
    EXPECT_NEAR(static_cast<double>(values[0]), value, 1e-5);
  }
  EXPECT_NEAR(static_cast<double>(values[1]), -2 * std::pow(0.999, 5), 1e-5);
}

TEST(AdamW, NormIsTheRootOfTheSumOfSquares) {
  std::vector<float> values(200'000, 0.5f);
  EXPECT_NEAR(norm_of(values), 0.5 * std::sqrt(200'000.0), 1e-9);
  values[77] = NAN;
  EXPECT_TRUE(std::isnan(norm_of(values)));
}

TrainState some_state() {
  TrainState state;
  state.step = 3;
  state.tokens = 99;
  state.values = {1, 2, 3};
  state.optimiser = "moments";
  state.best_values = {1, 1, 1};
  state.best_validation_loss = 0.5;
  state.history.resize(2);
  state.history[0].loss = 2.5;
  state.history[1].validation_loss = 1.5;
  return state;
}

TEST(Checkpoint, ComesBackAsItWas) {
  const std::string bytes = encode_checkpoint(some_state(), "key");
  const auto state = decode_checkpoint(bytes, "key", 3);
  ASSERT_TRUE(state.ok()) << state.error().message();
  EXPECT_EQ(encode_checkpoint(*state, "key"), bytes);
}

TEST(Checkpoint, EveryChangedByteAndEveryCutIsRefused) {
  const std::string bytes = encode_checkpoint(some_state(), "key");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] ^= 4;
    EXPECT_FALSE(decode_checkpoint(bad, "key", 3).ok()) << i;
    EXPECT_FALSE(decode_checkpoint(bytes.substr(0, i), "key", 3).ok()) << i;
  }
  EXPECT_EQ(decode_checkpoint(bytes, "other", 3).error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(decode_checkpoint(bytes, "key", 4).ok());
  EXPECT_FALSE(decode_checkpoint(bytes, "key", 2).ok());
}

TEST(AdapterLayout, CoversAllLinearLayersOrThoseNamed) {
  const testing::TinyModel tiny(4);
  EXPECT_EQ(tiny.layout.places.size(), 14u);
  LoraOptions lora;
  lora.targets = {"attn_v", "ffn_down"};
  const AdapterLayout some = make_layout(tiny.config, lora);
  ASSERT_EQ(some.places.size(), 4u);
  EXPECT_EQ(some.places[0].tensor, "blk.0.attn_v.weight");
  const auto values = initial_values(some, 1);
  EXPECT_EQ(values, initial_values(some, 1));
  EXPECT_NE(values, initial_values(some, 2));
  EXPECT_TRUE(model::check_lora(to_adapter(some, values), tiny.config).ok());
}

TEST(AdapterLayout, RankAlphaAndBlocksGoByTheOptions) {
  const testing::TinyModel tiny;
  LoraOptions lora;
  lora.rank = 4;
  lora.alpha = 8;
  lora.top_blocks = 1;
  lora.modules = {{"*.ffn_up", 9, 3}, {"blk.?.attn_q", 0, 1}};
  AdapterLayout layout = make_layout(tiny.config, lora);
  ASSERT_EQ(layout.places.size(), 6u);
  EXPECT_EQ(layout.places[0].tensor, "blk.1.attn_k.weight");
  EXPECT_DOUBLE_EQ(layout.places[0].scale, 2);
  ASSERT_NE(layout.find("blk.1.ffn_up.weight"), nullptr);
  EXPECT_EQ(layout.find("blk.1.ffn_up.weight")->rank, 9);
  EXPECT_EQ(layout.rank_max(), 9);
  lora.rank_stabilised = true;
  lora.plus_ratio = 16;
  layout = make_layout(tiny.config, lora);
  EXPECT_DOUBLE_EQ(layout.places[0].scale, 4);
  EXPECT_DOUBLE_EQ(layout.find("blk.1.ffn_up.weight")->scale, 1);
  const auto blocks = parameter_blocks(layout);
  EXPECT_EQ(blocks[0].rate_factor, 1);
  EXPECT_EQ(blocks[1].rate_factor, 16);
  lora.modules = {{"*", 0, 1}};
  EXPECT_TRUE(make_layout(tiny.config, lora).places.empty());
}

TEST(AdapterLayout, MixedRanksAreOneAdapterThatComputesTheSame) {
  const testing::TinyModel tiny;
  LoraOptions lora;
  lora.rank = 2;
  lora.alpha = 2;
  lora.modules = {{"*.attn_v", 5, 15}};
  const AdapterLayout layout = make_layout(tiny.config, lora);
  const std::vector<float> values = tiny.values(3);
  std::vector<float> some(values.begin(), values.begin() + layout.size);
  const model::LoraAdapter adapter = to_adapter(layout, some);
  ASSERT_TRUE(model::check_lora(adapter, tiny.config).ok());
  EXPECT_EQ(adapter.rank, 5);
  const double common = adapter.alpha / static_cast<double>(adapter.rank);
  for (std::size_t p = 0; p < layout.places.size(); ++p) {
    const AdapterPlace& place = layout.places[p];
    double wanted = 0;  // entry (0, 0) of the update
    for (std::int64_t r = 0; r < place.rank; ++r) {
      wanted += place.scale *
                static_cast<double>(some[static_cast<std::size_t>(place.b_offset + r)]) *
                static_cast<double>(some[static_cast<std::size_t>(place.a_offset + r * place.in)]);
    }
    double got = 0;
    for (std::int64_t r = 0; r < adapter.rank; ++r) {
      const auto& module = adapter.modules[p];
      got += common * static_cast<double>(module.b[static_cast<std::size_t>(r)]) *
             static_cast<double>(module.a[static_cast<std::size_t>(r * module.in)]);
    }
    EXPECT_NEAR(got, wanted, 1e-6) << place.tensor;
  }
}

TEST(Estimate, GrowsWithSequenceLengthAndPrecision) {
  const testing::TinyModel tiny;
  TrainOptions options;
  const auto base = estimate(options, tiny.config);
  options.precision = Precision::kFp32;
  EXPECT_GT(estimate(options, tiny.config).memory_bytes, base.memory_bytes);
  EXPECT_GT(base.gigaflops_per_token, 0);
}

TEST(Estimate, CountsWhatEachMethodAndOptimiserKeeps) {
  model::TinyLlamaOptions wide;
  wide.embedding = 512;
  wide.feed_forward = 1024;
  const testing::TinyModel tiny(4, wide);
  TrainOptions options;
  const auto lora = estimate(options, tiny.config);
  options.method = "full";
  const auto full = estimate(options, tiny.config);
  EXPECT_EQ(full.trained_values, make_full_layout(tiny.config).size);
  EXPECT_GT(full.memory_bytes, lora.memory_bytes);
  EXPECT_GT(full.gigaflops_per_token, lora.gigaflops_per_token);
  for (const OptimiserKind kind : {OptimiserKind::kAdamW, OptimiserKind::kAdamW8,
                                   OptimiserKind::kAdafactor, OptimiserKind::kSgd}) {
    options.optimiser = kind;
    options.momentum = 0;
    const std::uint64_t with = estimate(options, tiny.config).memory_bytes;
    const auto state = static_cast<std::uint64_t>(
        make_optimiser(options, parameter_blocks(make_full_layout(tiny.config)))->state_bytes());
    options.optimiser = OptimiserKind::kSgd;
    EXPECT_EQ(with - estimate(options, tiny.config).memory_bytes, state);
  }
}

TEST(RunPlan, SaysWhatItTakesAndRefusesWhatDoesNotFit) {
  const testing::TinyModel tiny;
  TrainOptions options;
  const auto plan = plan_run(options, tiny.config, 100'000, 8'000'000'000);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_GT(plan->seconds, 0);
  EXPECT_THAT(plan->text(), ::testing::HasSubstr(" GB of 8.0 GB, about "));
  options.method = "full";
  const auto refused = plan_run(options, tiny.config, 1000, 1'000'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.error().message(),
              ::testing::AllOf(::testing::HasSubstr("adamw8bit"),
                               ::testing::HasSubstr("train.method: lora")));
  EXPECT_TRUE(plan_run(options, tiny.config, 1000, 0).ok());  // a machine that does not tell
  EXPECT_GT(available_memory_bytes(), 0u);
}

TEST(Estimate, AQuantisedBaseTakesLess) {
  const testing::TinyModel tiny;
  TrainOptions options;
  const auto wide = estimate(options, tiny.config);
  options.method = "qlora";
  const auto quantised = estimate(options, tiny.config);
  EXPECT_LT(quantised.memory_bytes, wide.memory_bytes);
  options.recompute = Recompute::kFeedForward;
  EXPECT_LT(estimate(options, tiny.config).memory_bytes, quantised.memory_bytes);
}

}  // namespace
}  // namespace residency::train
