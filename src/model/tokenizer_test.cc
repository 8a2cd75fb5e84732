#include "model/tokenizer.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

#include "model/tiny_model.h"

namespace residency::model {
namespace {

/// A file in the test's own folder, removed with it.
class TempFile {
 public:
  explicit TempFile(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("residency_model_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TempFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Tokenizer, RoundTripsAnyText) {
  const TempFile file(make_tiny_llama(3).value());
  const auto tokenizer = Tokenizer::open(file.path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  for (const std::string text :
       {"the patient and the ward", "", " ", "a\nb\r\n\tc", "µg ≥ 5 – 🩺", "<|im_end|>"}) {
    const auto tokens = (*tokenizer)->encode(text, false, false);
    EXPECT_EQ((*tokenizer)->decode(tokens, false), text);
  }
  EXPECT_EQ((*tokenizer)->vocabulary_size(), 272);
}

TEST(Tokenizer, AppliesMergesAndParsesSpecialTokensOnlyWhenAsked) {
  const TempFile file(make_tiny_llama(3).value());
  const auto tokenizer = Tokenizer::open(file.path()).value();
  EXPECT_EQ(tokenizer->encode(" the", false, false).size(), 1u);
  EXPECT_EQ(tokenizer->encode("<|im_end|>", false, true), std::vector<std::int32_t>{2});
  EXPECT_GT(tokenizer->encode("<|im_end|>", false, false).size(), 3u);
  EXPECT_EQ(tokenizer->end_of_turn(), 2);
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_FALSE(tokenizer->add_bos());
  EXPECT_EQ(tokenizer->encode("he", true, false).front(), 1);
  EXPECT_EQ(tokenizer->decode({2, 5000, -1}, true), "<|im_end|>");
}

TEST(Tokenizer, RendersTheModelsChatTemplate) {
  const TempFile file(make_tiny_llama(3).value());
  const auto tokenizer = Tokenizer::open(file.path()).value();
  const auto text = tokenizer->render_chat({{"system", "Be brief."}, {"user", "Hello"}}, true);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_FALSE(tokenizer->render_chat({}, true).ok());
  EXPECT_FALSE(tokenizer->render_chat({{"user", std::string("a\0b", 3)}}, true).ok());
}

/// llama.cpp's own vocabularies come with texts, each ended by a line of __ggml_vocab_test__, and
/// the tokens that the original tokenizers give for them, a line each.
class RealVocabularyTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RealVocabularyTest, GivesTheOriginalTokenizersTokens) {
  const std::string path = std::string(RESIDENCY_SHARED_DATA) +
                           "/models_small/vocab_gguf/models/ggml-vocab-" + GetParam() + ".gguf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no such vocabulary here: " << path;
  const auto tokenizer = Tokenizer::open(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message();
  std::ifstream texts(path + ".inp", std::ios::binary);
  std::ifstream tokens(path + ".out", std::ios::binary);
  std::string all((std::istreambuf_iterator<char>(texts)), std::istreambuf_iterator<char>());
  const std::string mark = "\n__ggml_vocab_test__\n";
  int cases = 0;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(mark, at), all.size());
    std::string line;
    ASSERT_TRUE(std::getline(tokens, line));
    std::istringstream numbers(line);
    std::vector<std::int32_t> expected;
    for (std::int32_t token = 0; numbers >> token;) expected.push_back(token);
    EXPECT_EQ((*tokenizer)->encode(all.substr(at, end - at), false, false), expected) << cases;
    at = end + mark.size();
    ++cases;
  }
  EXPECT_GT(cases, 30);
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, RealVocabularyTest,
                         ::testing::Values("llama-spm", "gpt-2", "starcoder", "falcon"));

TEST(Tokenizer, ABrokenFileIsAnErrorNotACrash) {
  const std::string bytes = make_tiny_llama(3).value();
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{3}, std::size_t{100}, std::size_t{5000}, bytes.size() - 1}) {
    const TempFile file(bytes.substr(0, length));
    const auto tokenizer = Tokenizer::open(file.path());
    ASSERT_FALSE(tokenizer.ok()) << length;
    EXPECT_EQ(tokenizer.error().code(), ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace residency::model
