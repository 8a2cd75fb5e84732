// The proof that an export carries: it holds for what was trained, and for nothing else.
#include <filesystem>
#include <gtest/gtest.h>

#include "base/env.h"
#include "model/convert.h"
#include "model/lora_gguf.h"
#include "model/tiny_model.h"
#include "pipeline/parity_proof.h"
#include "train/random.h"
#include "train/train.h"

namespace residency::pipeline {
namespace {

class ExportProof : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "export_proof";
    std::filesystem::create_directories(folder_);
    base_ = path("base.gguf");
    ASSERT_TRUE(Env::posix().write_file_atomic(base_, model::make_tiny_llama(7).value()).ok());
    const auto file = model::GgufFile::open(base_).value();
    const auto config = model::LlamaConfig::from_gguf(*file).value();
    train::LoraOptions lora;
    lora.rank = 4;
    lora.alpha = 8;
    const auto layout = train::make_layout(config, lora);
    train::Random random(1);
    std::vector<float> values(static_cast<std::size_t>(layout.size));
    for (float& value : values) value = static_cast<float>(random.uniform() - 0.5) * 0.5f;
    adapter_ = train::to_adapter(layout, values);
    adapter_path_ = path("adapter.gguf");
    ASSERT_TRUE(
        Env::posix()
            .write_file_atomic(adapter_path_, model::write_lora_gguf(adapter_, config).value())
            .ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  std::string base_, adapter_path_;
  model::LoraAdapter adapter_;
};

TEST_F(ExportProof, HoldsForTheAdapterAndForTheMergedModel) {
  const auto adapter = prove_parity({base_, &adapter_, base_, adapter_path_});
  ASSERT_TRUE(adapter.ok()) << adapter.error().message();
  EXPECT_TRUE(adapter->holds);
  EXPECT_LT(adapter->mean_divergence, 0.01);
  const std::string merged = path("merged.gguf");
  ASSERT_TRUE(
      model::convert_file(Env::posix(), base_, &adapter_, model::WeightType::kF32, merged).ok());
  EXPECT_TRUE(prove_parity({base_, &adapter_, merged, ""})->holds);
}

TEST_F(ExportProof, FailsForAnExportThatLostTheAdapter) {
  const auto lost = prove_parity({base_, &adapter_, base_, ""});
  ASSERT_TRUE(lost.ok()) << lost.error().message();
  EXPECT_FALSE(lost->holds);
  EXPECT_FALSE(lost->to_json().at("holds").get<bool>());
}

}  // namespace
}  // namespace residency::pipeline
