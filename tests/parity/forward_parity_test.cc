// The trainer's forward pass against llama.cpp: on the same GGUF, the log-probabilities of 512
// positions of real text differ by less than 0.05 in bf16 and 1e-3 in fp32.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/env.h"
#include "base/json.h"
#include "infer/engine.h"
#include "model/convert.h"
#include "model/lora_gguf.h"
#include "model/tiny_model.h"
#include "train/random.h"
#include "train/train.h"

namespace residency {
namespace {

constexpr std::size_t kPositions = 512;

/// The default base model, where scripts/setup keeps it; empty where it is absent.
std::string base_model() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::string cache = variable("RESIDENCY_CACHE");
  if (cache.empty()) cache = variable("XDG_CACHE_HOME") + "/residency";
  if (cache == "/residency") cache = variable("HOME") + "/.cache/residency";
  const std::string path = cache + "/models/SmolLM2-135M-Instruct.Q4_1.gguf";
  return std::filesystem::exists(path) ? path : "";
}

/// Passages of PubMedQA's abstracts, one after the other.
std::string real_text() {
  const auto bytes =
      Env::posix().read_file(RESIDENCY_SHARED_DATA "/pubmedqa/ori_pqal.train_dev_500.json");
  if (!bytes.ok()) return "";
  std::string text;
  const Json items = parse_json(*bytes).value();
  for (const Json& item : items) {
    for (const Json& passage : json_member(item, "CONTEXTS")) text += passage.get<std::string>();
    if (text.size() > 8 * kPositions) break;
  }
  return text;
}

struct Difference {
  double largest = 0;
  double mean = 0;
};

Difference compare(const std::vector<float>& a, const std::vector<float>& b) {
  Difference difference;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double gap = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    difference.largest = std::max(difference.largest, gap);
    difference.mean += gap / static_cast<double>(a.size());
  }
  return difference;
}

class ForwardParity : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("residency-parity-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Difference on_real_text(model::WeightType type, train::Precision precision,
                          train::Backend backend) {
    const std::string path = (folder_ / "model.gguf").string();
    EXPECT_TRUE(model::convert_file(Env::posix(), base_model(), nullptr, type, path).ok());
    infer::EngineOptions options;
    options.model_path = path;
    options.context_tokens = kPositions;
    options.kv_cache_f32 = true;
    const auto engine = infer::Engine::open(options).value();
    auto tokens = engine->tokenize(real_text(), false, false).value();
    EXPECT_GE(tokens.size(), kPositions);
    tokens.resize(kPositions);
    const auto theirs = engine->all_logprobs(tokens).value();
    const auto ours = train::forward_logprobs(path, nullptr, tokens, precision, backend).value();
    EXPECT_EQ(ours.size(), theirs.size());
    const Difference difference = compare(ours, theirs);
    std::printf("largest difference of log-probabilities %.6f, mean %.6f\n", difference.largest,
                difference.mean);
    return difference;
  }

  std::filesystem::path folder_;
};

TEST_F(ForwardParity, Bf16IsWithinFiveHundredths) {
  if (base_model().empty() || real_text().empty()) GTEST_SKIP() << "no model or no text";
  EXPECT_LT(on_real_text(model::WeightType::kBf16, train::Precision::kBf16, train::Backend::kFast)
                .largest,
            0.05);
}

TEST_F(ForwardParity, Fp32IsWithinAThousandth) {
  if (base_model().empty() || real_text().empty()) GTEST_SKIP() << "no model or no text";
  EXPECT_LT(
      on_real_text(model::WeightType::kF32, train::Precision::kFp32, train::Backend::kFast).largest,
      1e-3);
}

TEST_F(ForwardParity, TheReferenceIsWithinAThousandth) {
  if (base_model().empty() || real_text().empty()) GTEST_SKIP() << "no model or no text";
  EXPECT_LT(
      on_real_text(model::WeightType::kF32, train::Precision::kFp32, train::Backend::kReference)
          .largest,
      1e-3);
}

TEST_F(ForwardParity, AnAdapterInTheTrainerIsTheAdapterInTheRuntime) {
  const std::string base = (folder_ / "tiny.gguf").string();
  ASSERT_TRUE(Env::posix().write_file_atomic(base, model::make_tiny_llama(7).value()).ok());
  const auto file = model::GgufFile::open(base).value();
  const auto config = model::LlamaConfig::from_gguf(*file).value();
  train::LoraOptions lora;
  lora.rank = 4;
  lora.alpha = 8;
  const auto layout = train::make_layout(config, lora);
  train::Random random(1);
  std::vector<float> values(static_cast<std::size_t>(layout.size));
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5) * 0.3f;
  const model::LoraAdapter adapter = train::to_adapter(layout, values);
  infer::EngineOptions options;
  options.model_path = base;
  options.adapter_path = (folder_ / "adapter.gguf").string();
  options.context_tokens = 128;
  options.kv_cache_f32 = true;
  ASSERT_TRUE(
      Env::posix()
          .write_file_atomic(options.adapter_path, model::write_lora_gguf(adapter, config).value())
          .ok());
  std::vector<std::int32_t> tokens;
  for (int i = 0; i < 100; ++i) {
    tokens.push_back(static_cast<std::int32_t>(random.below(256)));
  }
  const auto theirs = infer::Engine::open(options).value()->all_logprobs(tokens).value();
  const auto ours = train::forward_logprobs(base, &adapter, tokens, train::Precision::kFp32,
                                            train::Backend::kFast)
                        .value();
  EXPECT_LT(compare(ours, theirs).largest, 1e-3);
}

}  // namespace
}  // namespace residency
