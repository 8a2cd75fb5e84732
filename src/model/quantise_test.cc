#include "model/quantise.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <llama.h>
#include <unistd.h>

#include "model/gguf.h"
#include "model/gguf_quant.h"
#include "model/llama_runtime.h"
#include "model/tiny_model.h"

namespace residency::model {
namespace {

class QuantiseFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency_quantise_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    TinyLlamaOptions options;
    options.embedding = 256;
    options.feed_forward = 512;
    ASSERT_TRUE(env_.write_file_atomic(path("f32.gguf"), make_tiny_llama(5, options).value()).ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Result<void> quantise(const std::string& type, const std::string& to, bool again = false) {
    return quantise_file(env_, path(again ? "q8_0.gguf" : "f32.gguf"), {type, again}, path(to));
  }

  Env& env_ = Env::posix();
  std::filesystem::path folder_;
};

TEST_F(QuantiseFile, EveryTypeGivesAModelThatTheRuntimeLoads) {
  start_llama();
  for (const std::string& type : quantised_type_names()) {
    const auto done = quantise(type, type + ".gguf");
    ASSERT_TRUE(done.ok()) << type << ": " << done.error().message();
    const auto file = GgufFile::open(path(type + ".gguf")).value();
    EXPECT_EQ(quant_layout(file->find("blk.0.attn_q.weight")->type)->name, type);
    auto parameters = llama_model_default_params();
    parameters.n_gpu_layers = 0;
    llama_model* model = llama_model_load_from_file(path(type + ".gguf").c_str(), parameters);
    EXPECT_NE(model, nullptr) << type;
    llama_model_free(model);
  }
}

TEST_F(QuantiseFile, TheSameInputGivesTheSameBytes) {
  ASSERT_TRUE(quantise("q4_k", "one.gguf").ok());
  ASSERT_TRUE(quantise("q4_k", "two.gguf").ok());
  EXPECT_EQ(env_.read_file(path("one.gguf")).value(), env_.read_file(path("two.gguf")).value());
}

TEST_F(QuantiseFile, RefusesAQuantisedModelUnlessAskedAgain) {
  ASSERT_TRUE(quantise("q8_0", "q8_0.gguf").ok());
  const auto refused = quantise_file(env_, path("q8_0.gguf"), {"q4_0", false}, path("q4_0.gguf"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(env_.exists(path("q4_0.gguf")));
  EXPECT_TRUE(quantise("q4_0", "q4_0.gguf", true).ok());
}

TEST_F(QuantiseFile, LeavesNothingBehindWhereItFails) {
  EXPECT_EQ(quantise("q3_k", "out.gguf").error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(env_.write_file_atomic(path("broken.gguf"), "GGUF").ok());
  EXPECT_FALSE(quantise_file(env_, path("broken.gguf"), {"q4_0", false}, path("out.gguf")).ok());
  EXPECT_FALSE(copy_model_file(env_, path("broken.gguf"), path("out.gguf")).ok());
  EXPECT_FALSE(env_.exists(path("out.gguf")));
  EXPECT_FALSE(env_.exists(path("out.gguf.part")));
}

TEST_F(QuantiseFile, ACopyHasTheSameBytes) {
  ASSERT_TRUE(copy_model_file(env_, path("f32.gguf"), path("copy.gguf")).ok());
  EXPECT_EQ(env_.read_file(path("copy.gguf")).value(), env_.read_file(path("f32.gguf")).value());
}

}  // namespace
}  // namespace residency::model
