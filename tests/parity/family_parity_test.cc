// Each family's forward pass against llama.cpp: a small model of its architecture with random
// weights gives the same log-probabilities in both.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/env.h"
#include "infer/engine.h"
#include "model/convert.h"
#include "model/peft.h"
#include "model/tiny_model.h"
#include "train/random.h"
#include "train/train.h"

namespace residency {
namespace {

constexpr std::size_t kPositions = 48;
constexpr std::int32_t kVocabulary = 272;
// llama.cpp's GELU on the CPU looks its values up in a table of 16-bit floats.
constexpr double kLargest = 5e-3;

struct Case {
  const char* name;
  model::TinyLlamaOptions options;
};

model::TinyLlamaOptions tiny(const char* family, std::int64_t layers, std::int64_t head_dimension,
                             std::int64_t window, bool tied) {
  model::TinyLlamaOptions options;
  options.family = family;
  options.layers = layers;
  options.head_dimension = head_dimension;
  options.window = window;
  options.tied_head = tied;
  return options;
}

/// Values for every projection that can be adapted.
model::LoraAdapter random_adapter(const model::LlamaConfig& config) {
  model::LoraAdapter adapter;
  adapter.rank = 3;
  adapter.alpha = 6;
  train::Random random(5);
  const auto fill = [&](std::int64_t count) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(0.2 * random.uniform() - 0.1));
    return values;
  };
  for (const auto& tensor : model::expected_tensors(config)) {
    if (!model::lora_place(tensor.name).ok()) continue;
    adapter.modules.push_back({tensor.name, tensor.shape[0], tensor.shape[1],
                               fill(adapter.rank * tensor.shape[0]),
                               fill(adapter.rank * tensor.shape[1])});
  }
  return adapter;
}

class FamilyParity : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency-family-" + std::to_string(::getpid()) + GetParam().name);
    std::filesystem::create_directories(folder_);
    const auto bytes = model::make_tiny_llama(11, GetParam().options);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message();
    ASSERT_TRUE(Env::posix().write_file_atomic(path("base.gguf"), *bytes).ok());
    train::Random random(3);
    for (std::size_t i = 0; i < kPositions; ++i)
      tokens_.push_back(3 + static_cast<std::int32_t>(random.uniform() * (kVocabulary - 3)));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return (folder_ / name).string(); }

  std::vector<float> runtime(const std::string& model) const {
    infer::EngineOptions options;
    options.model_path = model;
    options.context_tokens = kPositions;
    options.kv_cache_f32 = true;
    const auto engine = infer::Engine::open(options);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return engine.ok() ? (*engine)->all_logprobs(tokens_).value() : std::vector<float>();
  }

  void expect_equal(const char* what, const model::LoraAdapter* adapter,
                    const std::vector<float>& theirs) const {
    const auto ours = train::forward_logprobs(path("base.gguf"), adapter, tokens_,
                                              train::Precision::kFp32, train::Backend::kAuto);
    ASSERT_TRUE(ours.ok()) << ours.error().message();
    ASSERT_EQ(ours->size(), theirs.size());
    double largest = 0;
    for (std::size_t i = 0; i < theirs.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>((*ours)[i] - theirs[i])));
    std::printf("%s, %s: log-probabilities differ by %.6f at most\n", GetParam().name, what,
                largest);
    EXPECT_LT(largest, kLargest);
  }

  std::filesystem::path folder_;
  std::vector<std::int32_t> tokens_;
};

TEST_P(FamilyParity, LogProbabilitiesAreTheRuntimes) {
  expect_equal("base", nullptr, runtime(path("base.gguf")));
}

TEST_P(FamilyParity, AnAdapterIsTheMergedModel) {
  const auto base = model::GgufFile::open(path("base.gguf")).value();
  const auto config = model::LlamaConfig::from_gguf(*base).value();
  const model::LoraAdapter adapter = random_adapter(config);
  ASSERT_GE(adapter.modules.size(), static_cast<std::size_t>(4 * config.layers));
  ASSERT_TRUE(model::convert_file(Env::posix(), path("base.gguf"), &adapter,
                                  model::WeightType::kF32, path("merged.gguf"))
                  .ok());
  expect_equal("adapted", &adapter, runtime(path("merged.gguf")));
  // PEFT's names and row orders go there and back.
  const auto files = model::export_peft(adapter, config, "base").value();
  const auto again = model::import_peft(files, config, "peft").value();
  ASSERT_EQ(again.modules.size(), adapter.modules.size());
  for (const model::LoraModule& module : again.modules) {
    const auto same = std::find_if(adapter.modules.begin(), adapter.modules.end(),
                                   [&](const auto& one) { return one.tensor == module.tensor; });
    ASSERT_NE(same, adapter.modules.end());
    EXPECT_EQ(same->b, module.b);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FamilyParity,
                         ::testing::Values(Case{"llama", tiny("llama", 2, 0, 0, true)},
                                           Case{"qwen2", tiny("qwen2", 2, 0, 0, true)},
                                           Case{"qwen3", tiny("qwen3", 2, 32, 0, true)},
                                           Case{"gemma", tiny("gemma", 2, 32, 0, true)},
                                           Case{"gemma2", tiny("gemma2", 4, 32, 12, true)},
                                           Case{"gemma3", tiny("gemma3", 7, 32, 12, true)},
                                           Case{"phi3", tiny("phi3", 2, 0, 0, false)}),
                         [](const ::testing::TestParamInfo<Case>& one) {
                           return std::string(one.param.name);
                         });

}  // namespace
}  // namespace residency
