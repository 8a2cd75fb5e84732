// What a label head says in the runtime is what it said in the trainer.
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/env.h"
#include "infer/hidden_states.h"
#include "model/lora_gguf.h"
#include "model/tiny_model.h"
#include "train/random.h"
#include "train/train.h"

namespace residency {
namespace {

using infer::HiddenStates;

class LabelParity : public testing::TestWithParam<bool> {
 protected:
  LabelParity() : folder_(std::filesystem::path(testing::TempDir()) / "label_parity") {
    std::filesystem::create_directories(folder_);
  }
  ~LabelParity() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_P(LabelParity, OfAnAdapterWithAHead) {
  const std::string base = (folder_ / "tiny.gguf").string();
  ASSERT_TRUE(Env::posix().write_file_atomic(base, model::make_tiny_llama(7).value()).ok());
  const auto file = model::GgufFile::open(base).value();
  const auto config = model::LlamaConfig::from_gguf(*file).value();
  train::TrainOptions options;
  options.lora.rank = 4;
  options.head.kind = "tags";
  options.head.bidirectional = GetParam();
  options.head.labels = model::bio_tags({"drug", "disease"});
  options.precision = train::Precision::kFp32;
  options.sequence_tokens_max = 128;
  const auto layout = train::make_layout(config, options);
  train::Random random(1);
  std::vector<float> values(static_cast<std::size_t>(layout.size));
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5) * 0.3f;
  const auto engine = train::make_engine(options, *file, config, layout).value();
  ASSERT_TRUE(engine->set_adapter(values).ok());

  infer::EngineOptions runtime;
  runtime.model_path = base;
  runtime.adapter_path = (folder_ / "adapter.gguf").string();
  runtime.context_tokens = 128;
  runtime.kv_cache_f32 = true;
  const auto adapter = model::write_lora_gguf(train::to_adapter(layout, values), config).value();
  ASSERT_TRUE(Env::posix().write_file_atomic(runtime.adapter_path, adapter).ok());
  const auto head = *train::to_head(layout, options.head, values);
  const auto states = HiddenStates::open(runtime, GetParam()).value();
  ASSERT_EQ(states->width(), head.width);

  // Together in one call, of lengths from one token to the context's.
  std::vector<std::vector<std::int32_t>> sequences;
  for (const std::size_t length : {100u, 1u, 37u, 128u}) {
    auto& tokens = sequences.emplace_back();
    for (std::size_t i = 0; i < length; ++i)
      tokens.push_back(static_cast<std::int32_t>(random.below(256)));
  }
  const auto all = states->run(sequences, HiddenStates::Wanted::kAll, {}).value();
  const auto last = states->run(sequences, HiddenStates::Wanted::kLast, {}).value();
  const auto width = static_cast<std::size_t>(head.width);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto ours = engine->logprobs(sequences[i]).value();
    ASSERT_EQ(all[i].size(), sequences[i].size() * width);
    for (std::size_t token = 0; token < sequences[i].size(); ++token) {
      const auto theirs = head.log_scores(std::span(all[i]).subspan(token * width, width));
      for (std::size_t label = 0; label < theirs.size(); ++label)
        ASSERT_NEAR(ours[token * theirs.size() + label], theirs[label], 1e-3);
    }
    const auto from = std::span(all[i]).last(width);
    for (std::size_t j = 0; j < width; ++j) ASSERT_NEAR(last[i][j], from[j], 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Directions, LabelParity, testing::Bool());

TEST_F(LabelParity, RefusesSequencesThatDoNotFit) {
  const std::string base = (folder_ / "tiny.gguf").string();
  ASSERT_TRUE(Env::posix().write_file_atomic(base, model::make_tiny_llama(7).value()).ok());
  infer::EngineOptions runtime;
  runtime.model_path = base;
  runtime.context_tokens = 16;
  const auto states = HiddenStates::open(runtime, true).value();
  EXPECT_FALSE(states->run({{}}, HiddenStates::Wanted::kAll, {}).ok());
  EXPECT_FALSE(
      states->run({std::vector<std::int32_t>(17, 1)}, HiddenStates::Wanted::kAll, {}).ok());
  EXPECT_FALSE(states->run({{-1}}, HiddenStates::Wanted::kAll, {}).ok());
  EXPECT_TRUE(
      states->run({std::vector<std::int32_t>(16, 1)}, HiddenStates::Wanted::kLast, {}).ok());
  const auto stopped =
      states->run({{1}}, HiddenStates::Wanted::kAll, [](std::size_t) { return false; });
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace residency
