#include "model/catalogue.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "model/llama_config.h"

namespace residency::model {
namespace {

class CatalogueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency_catalogue_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

CatalogueEntry small_entry() {
  CatalogueEntry entry;
  entry.name = "small";
  entry.source = "pypi:p==1#dir/abc.gguf";
  // Of the three bytes "abc": FIPS 180-4's own example.
  entry.sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  return entry;
}

TEST_F(CatalogueTest, TheBuiltInOneHasTheDefaultModel) {
  const auto catalogue = Catalogue::built_in();
  ASSERT_TRUE(catalogue.ok()) << catalogue.error().message();
  const auto entry = catalogue->find("smollm2-135m-instruct");
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->file_name(), "SmolLM2-135M-Instruct.Q4_1.gguf");
  EXPECT_EQ(entry->licence, "Apache-2.0");
  EXPECT_EQ(entry->size_bytes, 98362432);
  const auto missing = catalogue->find("gpt-9");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("smollm2-135m-instruct"), std::string::npos);
}

TEST_F(CatalogueTest, AFileOfTheRightDigestIsLocated) {
  std::ofstream(folder_ / "abc.gguf") << "abc";
  const auto path = locate(Env::posix(), small_entry(), folder_.string());
  ASSERT_TRUE(path.ok()) << path.error().message();
  EXPECT_EQ(*path, (folder_ / "abc.gguf").string());
}

TEST_F(CatalogueTest, AFileOfAnotherDigestIsCorruptAndNamed) {
  std::ofstream(folder_ / "abc.gguf") << "abd";
  const auto path = locate(Env::posix(), small_entry(), folder_.string());
  ASSERT_FALSE(path.ok());
  EXPECT_EQ(path.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(path.error().message().find("abc.gguf"), std::string::npos);
}

TEST_F(CatalogueTest, AMissingFileSaysHowToFetchIt) {
  const auto path = locate(Env::posix(), small_entry(), folder_.string());
  ASSERT_FALSE(path.ok());
  EXPECT_EQ(path.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(path.error().message().find("scripts/setup model"), std::string::npos);
}

TEST_F(CatalogueTest, AnEntryWithoutDigestIsRefusedUntilOneIsGiven) {
  std::ofstream(folder_ / "abc.gguf") << "abc";
  auto entry = small_entry();
  const auto digest = std::exchange(entry.sha256, "");
  EXPECT_EQ(locate(Env::posix(), entry, folder_.string()).error().code(),
            ErrorCode::kFailedPrecondition);
  const auto vouched = with_digest(entry, digest);
  ASSERT_TRUE(vouched.ok());
  EXPECT_TRUE(locate(Env::posix(), *vouched, folder_.string()).ok());
  EXPECT_FALSE(with_digest(entry, "abc").ok());
  EXPECT_FALSE(with_digest(small_entry(), std::string(64, '0')).ok());
}

TEST_F(CatalogueTest, ProblemsOfAFileAreAllReported) {
  const auto catalogue = Catalogue::parse(R"(models:
  - name: a
    family: llama
    licence: MIT
    source: hf:x/y
    digest: zz
    colour: red
)",
                                          "my.yaml");
  ASSERT_FALSE(catalogue.ok());
  for (const auto* part : {"digest", "source", "colour", "my.yaml"}) {
    EXPECT_NE(catalogue.error().message().find(part), std::string::npos) << part;
  }
  EXPECT_FALSE(Catalogue::parse("models: 3", "m").ok());
}

TEST_F(CatalogueTest, TheDefaultModelIsAWholeLlama) {
  const auto entry = Catalogue::built_in()->find("smollm2-135m-instruct").value();
  const auto path = locate(Env::posix(), entry);
  if (!path.ok()) GTEST_SKIP() << path.error().message();
  const auto config = verify_gguf(*path);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->layers, 30);
  EXPECT_EQ(config->vocabulary, 49152);
  EXPECT_EQ(config->rope_theta, 100000);
  EXPECT_TRUE(config->tied_head);
}

}  // namespace
}  // namespace residency::model
