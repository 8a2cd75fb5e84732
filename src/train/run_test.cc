#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

#include "model/convert.h"
#include "model/sha256_file.h"
#include "train/bad_step.h"
#include "train/run_key.h"
#include "train/testing/tiny_training.h"
#include "train/train.h"

namespace residency::train {
namespace {

using testing::MemoryStore;
using testing::random_sequence;
using testing::Steps;
using testing::StopAfter;

class Training : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency-train-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    write("tiny.gguf", model::make_tiny_llama(7).value());
    for (std::uint64_t i = 0; i < 8; ++i) {
      train_.push_back(random_sequence({20, 11}, 272, 100 + i));
      if (i < 2) validation_.push_back(random_sequence({25}, 272, 200 + i));
    }
    options_.lora.rank = 4;
    options_.lora.alpha = 8;
    options_.learning_rate = 1e-2;
    options_.sequence_tokens_max = 64;
    options_.batch_tokens = 62;
    options_.epochs = 100;
    options_.steps_max = 10;
    options_.eval_every_steps = 3;
    options_.checkpoint_every_steps = 1;
    options_.seed = 5;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Result<TrainResult> run_it(CheckpointStore& store, Progress& progress) {
    return train::run(options_, {path("tiny.gguf"), train_, validation_}, store, steps_, progress);
  }
  Result<TrainResult> run_it() {
    MemoryStore store;
    NoProgress progress;
    return run_it(store, progress);
  }

  std::filesystem::path folder_;
  std::vector<dataset::PackedSequence> train_, validation_;
  TrainOptions options_;
  Steps steps_;
};

void expect_same(const model::LoraAdapter& a, const model::LoraAdapter& b) {
  ASSERT_EQ(a.modules.size(), b.modules.size());
  for (std::size_t i = 0; i < a.modules.size(); ++i) {
    EXPECT_EQ(a.modules[i].tensor, b.modules[i].tensor);
    EXPECT_EQ(a.modules[i].a, b.modules[i].a);
    EXPECT_EQ(a.modules[i].b, b.modules[i].b);
  }
}

TEST_F(Training, TenStepsAreFiveAndAResumeAndFive) {
  for (const Backend backend : {Backend::kFast, Backend::kReference}) {
    options_.backend = backend;
    const auto whole = run_it();
    ASSERT_TRUE(whole.ok()) << whole.error().message();
    EXPECT_EQ(whole->steps, 10);
    MemoryStore store;
    StopAfter stop(5);
    const auto half = run_it(store, stop);
    ASSERT_FALSE(half.ok());
    EXPECT_EQ(half.error().code(), ErrorCode::kCancelled);
    NoProgress progress;
    const auto rest = run_it(store, progress);
    ASSERT_TRUE(rest.ok()) << rest.error().message();
    expect_same(whole->adapter, rest->adapter);
    ASSERT_EQ(whole->history.size(), rest->history.size());
    for (std::size_t i = 0; i < whole->history.size(); ++i) {
      EXPECT_EQ(whole->history[i].loss, rest->history[i].loss);
    }
    EXPECT_EQ(whole->best_validation_loss, rest->best_validation_loss);
  }
}

TEST_F(Training, AWholeModelResumesBitForBitToo) {
  options_.method = "full";
  options_.learning_rate = 1e-3;
  const auto whole = run_it();
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  EXPECT_TRUE(whole->adapter.modules.empty());
  MemoryStore store;
  StopAfter stop(5);
  EXPECT_EQ(run_it(store, stop).error().code(), ErrorCode::kCancelled);
  NoProgress progress;
  const auto rest = run_it(store, progress);
  ASSERT_TRUE(rest.ok()) << rest.error().message();
  EXPECT_EQ(whole->tuned.values, rest->tuned.values);
  EXPECT_EQ(whole->best_validation_loss, rest->best_validation_loss);
  EXPECT_EQ(rest->tuned.find("output_norm.weight").size(), 64u);
  EXPECT_TRUE(rest->tuned.find("nothing").empty());
}

TEST_F(Training, AWholeModelLearnsByHeartInEveryFamily) {
  options_.method = "full";
  options_.steps_max = 60;
  options_.learning_rate = 3e-3;
  options_.batch_tokens = 1 << 12;
  options_.precision = Precision::kFp32;
  validation_.clear();
  for (const char* family : {"llama", "qwen3", "gemma3", "phi3"}) {
    model::TinyLlamaOptions tiny;
    tiny.family = family;
    write("tiny.gguf", model::make_tiny_llama(7, tiny).value());
    const auto result = run_it();
    ASSERT_TRUE(result.ok()) << result.error().message();
    EXPECT_GT(result->history.front().loss, 5) << family;
    EXPECT_LT(result->history.back().loss, 0.5) << family;
  }
}

TEST_F(Training, TheTunedModelsFileGivesWhatTheTrainerGives) {
  options_.method = "full";
  options_.learning_rate = 1e-3;
  const auto result = run_it();
  ASSERT_TRUE(result.ok());
  const auto base = model::GgufFile::open(path("tiny.gguf")).value();
  auto out = Env::posix().create(path("tuned.gguf")).value();
  const auto values = [&](const std::string& name) { return result->tuned.find(name); };
  ASSERT_TRUE(model::replace_tensors(*base, values, model::WeightType::kF32, *out).ok());
  ASSERT_TRUE(out->close().ok());
  const auto tuned = model::GgufFile::open(path("tuned.gguf")).value();
  const auto config = model::LlamaConfig::from_gguf(*tuned).value();
  EXPECT_EQ(base_values(make_full_layout(config), *tuned, 0).value(), result->tuned.values);
}

TEST_F(Training, OnAQuantisedBaseItLearnsAndResumesToTheSameBits) {
  ASSERT_TRUE(model::convert_file(Env::posix(), path("tiny.gguf"), nullptr,
                                  model::WeightType::kQ8_0, path("q8_0.gguf"))
                  .ok());
  std::filesystem::rename(path("q8_0.gguf"), path("tiny.gguf"));
  options_.method = "qlora";
  const auto whole = run_it();
  ASSERT_TRUE(whole.ok()) << whole.error().message();
  EXPECT_LT(whole->history.back().loss, whole->history.front().loss);
  MemoryStore store;
  StopAfter stop(5);
  EXPECT_FALSE(run_it(store, stop).ok());
  NoProgress progress;
  const auto rest = run_it(store, progress);
  ASSERT_TRUE(rest.ok()) << rest.error().message();
  expect_same(whole->adapter, rest->adapter);
}

TEST_F(Training, QloraOnAWideBaseSaysWhatToDo) {
  options_.method = "qlora";
  const auto refused = run_it();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("models quantise"));
}

TEST_F(Training, AFinishedRunIsNotDoneAgain) {
  MemoryStore store;
  NoProgress progress;
  const auto first = run_it(store, progress);
  ASSERT_TRUE(first.ok());
  const std::size_t done = steps_.all.size();
  const auto second = run_it(store, progress);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(steps_.all.size(), done);
  expect_same(first->adapter, second->adapter);
}

TEST_F(Training, LearnsEightExamplesByHeart) {
  options_.steps_max = 150;
  options_.learning_rate = 2e-2;
  options_.lora.rank = 16;
  options_.lora.alpha = 32;
  options_.batch_tokens = 1 << 12;
  validation_.clear();
  const auto result = run_it();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_GT(result->history.front().loss, 5);
  EXPECT_LT(result->history.back().loss, 0.3);
}

TEST_F(Training, TheMergedModelGivesWhatTheAdapterGives) {
  const auto result = run_it();
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(model::convert_file(Env::posix(), path("tiny.gguf"), &result->adapter,
                                  model::WeightType::kF32, path("merged.gguf"))
                  .ok());
  const auto tokens = random_sequence({48}, 272, 4).tokens;
  const auto adapted = forward_logprobs(path("tiny.gguf"), &result->adapter, tokens,
                                        Precision::kFp32, Backend::kFast);
  const auto merged =
      forward_logprobs(path("merged.gguf"), nullptr, tokens, Precision::kFp32, Backend::kFast);
  const auto base =
      forward_logprobs(path("tiny.gguf"), nullptr, tokens, Precision::kFp32, Backend::kFast);
  ASSERT_TRUE(adapted.ok() && merged.ok() && base.ok());
  float largest = 0;
  float moved = 0;
  for (std::size_t i = 0; i < adapted->size(); ++i) {
    largest = std::max(largest, std::abs((*adapted)[i] - (*merged)[i]));
    moved = std::max(moved, std::abs((*adapted)[i] - (*base)[i]));
  }
  EXPECT_LT(largest, 1e-4f);
  EXPECT_GT(moved, 0.05f);
}

TEST_F(Training, AccumulationEqualsOneLargeBatchWhateverThePacking) {
  options_.precision = Precision::kFp32;
  options_.steps_max = 3;
  options_.batch_tokens = 1 << 12;
  const auto apart = run_it();
  dataset::PackedSequence all;
  all.segment_starts.push_back(0);
  for (const auto& one : train_) {
    const std::size_t at = all.tokens.size();
    all.tokens.insert(all.tokens.end(), one.tokens.begin(), one.tokens.end());
    all.targets.insert(all.targets.end(), one.targets.begin(), one.targets.end());
    all.positions.insert(all.positions.end(), one.positions.begin(), one.positions.end());
    for (std::size_t i = 1; i < one.segment_starts.size(); ++i) {
      all.segment_starts.push_back(at + one.segment_starts[i]);
    }
  }
  train_ = {all};
  options_.sequence_tokens_max = 512;
  const auto together = run_it();
  ASSERT_TRUE(apart.ok() && together.ok());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(apart->history[i].loss, together->history[i].loss, 1e-5);
  }
}

TEST_F(Training, StopsEarlyAndGivesTheBestAdapter) {
  options_.steps_max = 200;
  options_.learning_rate = 0.05;
  options_.eval_every_steps = 1;
  options_.early_stopping_patience = 2;
  const auto result = run_it();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_TRUE(result->stopped_early);
  EXPECT_LT(result->steps, 200);
  double best = INFINITY;
  for (const LossPoint& point : result->history) best = std::min(best, point.validation_loss);
  EXPECT_EQ(result->best_validation_loss, best);
}

TEST_F(Training, DivergenceIsAnErrorThatNamesTheStep) {
  for (const Backend backend : {Backend::kFast, Backend::kReference}) {
    options_.backend = backend;
    MemoryStore store;
    StopAfter stop(2);
    ASSERT_FALSE(run_it(store, stop).ok());
    const TrainInputs inputs{path("tiny.gguf"), train_, validation_};
    const std::string key =
        run_key(options_, model::sha256_file(Env::posix(), path("tiny.gguf")).value(), inputs);
    std::string& bytes = store.blobs.begin()->second;
    const auto size =
        make_layout(
            model::LlamaConfig::from_gguf(**model::GgufFile::open(path("tiny.gguf"))).value(),
            options_.lora)
            .size;
    TrainState state = decode_checkpoint(bytes, key, size).value();
    state.values[3] = std::numeric_limits<float>::quiet_NaN();
    bytes = encode_checkpoint(state, key);
    NoProgress progress;
    const auto result = run_it(store, progress);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidInput);
    EXPECT_THAT(result.error().message(), ::testing::HasSubstr("at step 3"));
  }
}

TEST(BadStep, SpikesAndWhatIsNotFiniteAreSkipped) {
  TrainOptions options;
  std::vector<LossPoint> history;
  for (int i = 0; i < 30; ++i) {
    LossPoint point;
    point.step = i + 1;
    point.loss = 2.0 + 0.1 * (i % 3);
    history.push_back(point);
    if (i < 18) {
      EXPECT_EQ(judge_step(options, history, 50, 1), SkipReason::kNone);
    }
  }
  EXPECT_EQ(judge_step(options, history, 2.4, 1), SkipReason::kNone);
  EXPECT_EQ(judge_step(options, history, 3.5, 1), SkipReason::kSpike);
  EXPECT_EQ(judge_step(options, history, std::nan(""), 1), SkipReason::kNotFinite);
  EXPECT_EQ(judge_step(options, history, 2, std::numeric_limits<double>::infinity()),
            SkipReason::kNotFinite);
  options.spike_sigma = 0;
  EXPECT_EQ(judge_step(options, history, 3.5, 1), SkipReason::kNone);
  EXPECT_TRUE(check_bad_steps(options, history).ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(check_bad_steps(options, history).ok());
    history.push_back(history.back());
    history.back().step = 41 + i;
    history.back().skipped = SkipReason::kSpike;
  }
  EXPECT_THAT(check_bad_steps(options, history).error().message(),
              ::testing::HasSubstr("at step 41"));
}

TEST_F(Training, SpikesAreSkippedAndStandInTheHistory) {
  options_.learning_rate = 1e-6;  // hardly moves, so that batches differ by their data alone
  options_.steps_max = 80;
  options_.spike_sigma = 0.5;  // and the worst of eight stands out
  options_.bad_steps_max = 1000;
  const auto result = run_it();
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_TRUE(
      std::any_of(result->history.begin(), result->history.end(),
                  [](const LossPoint& point) { return point.skipped == SkipReason::kSpike; }));
}

TEST_F(Training, ACheckpointOfOtherOptionsIsRefused) {
  MemoryStore store;
  StopAfter stop(2);
  ASSERT_FALSE(run_it(store, stop).ok());
  options_.learning_rate = 1e-3;
  NoProgress progress;
  const auto other = run_it(store, progress);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kFailedPrecondition);
}

TEST_F(Training, ADamagedCheckpointIsRefused) {
  MemoryStore store;
  StopAfter stop(2);
  ASSERT_FALSE(run_it(store, stop).ok());
  std::string& bytes = store.blobs.begin()->second;
  bytes[bytes.size() / 2] ^= 1;
  NoProgress progress;
  const auto other = run_it(store, progress);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kCorrupt);
}

TEST_F(Training, RefusesSetsWithoutLossAndModelsThatAreNone) {
  for (auto& sequence : train_) sequence.targets.assign(sequence.targets.size(), -1);
  EXPECT_EQ(run_it().error().code(), ErrorCode::kInvalidInput);
  write("tiny.gguf", "GGUF cut");
  EXPECT_EQ(run_it().error().code(), ErrorCode::kCorrupt);
  std::filesystem::remove(path("tiny.gguf"));
  EXPECT_FALSE(run_it().ok());
}

TEST_F(Training, MetricsTellEachStep) {
  ASSERT_TRUE(run_it().ok());
  ASSERT_EQ(steps_.all.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    const StepMetrics& m = steps_.all[i];
    EXPECT_EQ(m.step, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(m.steps, 10);
    EXPECT_EQ(m.tokens, 62);
    EXPECT_GT(m.supervised_tokens, 0);
    EXPECT_GT(m.gradient_norm, 0);
    EXPECT_EQ(m.validation_loss.has_value(), m.step % 3 == 0 || m.step == 10);
  }
}

}  // namespace
}  // namespace residency::train
