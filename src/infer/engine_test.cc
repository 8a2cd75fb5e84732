#include "infer/engine.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

#include "model/convert.h"
#include "model/gguf.h"
#include "model/lora_gguf.h"
#include "model/testing/string_file.h"
#include "model/tiny_model.h"

namespace residency::infer {
namespace {

/// A tiny model in a file that lives as long as the test.
class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency_infer_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    bytes_ = model::make_tiny_llama(11).value();
    options_.model_path = write("tiny.gguf", bytes_);
    options_.context_tokens = 256;
    options_.threads = 1;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  std::unique_ptr<Engine> open() {
    auto engine = Engine::open(options_);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return std::move(engine).value();
  }

  std::filesystem::path folder_;
  std::string bytes_;
  EngineOptions options_;
};

SamplingOptions greedy(int tokens_max) {
  SamplingOptions sampling;
  sampling.tokens_max = tokens_max;
  return sampling;
}

TEST_F(EngineTest, GreedyTextIsTheSameEveryTime) {
  auto engine = open();
  const auto first = engine->generate("The patient and the ward", greedy(48), {});
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_GT(first->completion_tokens, 0);
  EXPECT_FALSE(first->text.empty());
  const auto again = engine->generate("The patient and the ward", greedy(48), {});
  const auto other = open()->generate("The patient and the ward", greedy(48), {});
  EXPECT_EQ(first->text, again->text);
  EXPECT_EQ(first->text, other->text);
}

class EngineTypesTest : public EngineTest,
                        public ::testing::WithParamInterface<model::WeightType> {};

TEST_P(EngineTypesTest, ABatchGivesWhatEachPromptGivesAlone) {
  const auto base = model::GgufFile::from_bytes(bytes_, "tiny").value();
  model::testing::StringFile converted;
  ASSERT_TRUE(model::requantise(*base, GetParam(), converted).ok());
  options_.model_path = write("converted.gguf", converted.bytes());
  options_.parallel_sequences = 3;
  auto engine = open();
  std::vector<std::string> prompts;
  for (int i = 0; i < 10; ++i) {
    prompts.push_back("note " + std::string(static_cast<std::size_t>(i * 17 + 1), 'a') + " on");
  }
  std::vector<std::size_t> progress;
  const auto batch =
      engine->generate_batch(prompts, greedy(24), [&](std::size_t n) { progress.push_back(n); });
  ASSERT_TRUE(batch.ok()) << batch.error().message();
  ASSERT_EQ(batch->size(), prompts.size());
  EXPECT_EQ(progress.back(), prompts.size());
  options_.parallel_sequences = 1;
  auto alone = open();
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto single = alone->generate(prompts[i], greedy(24), {});
    ASSERT_TRUE(single.ok());
    EXPECT_EQ(batch->at(i).text, single->text) << i;
    EXPECT_EQ(batch->at(i).prompt_tokens, single->prompt_tokens);
    EXPECT_EQ(batch->at(i).completion_tokens, single->completion_tokens);
  }
  const auto again = engine->generate_batch(prompts, greedy(24), {});
  for (std::size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(again->at(i).text, batch->at(i).text);
}

INSTANTIATE_TEST_SUITE_P(Types, EngineTypesTest,
                         ::testing::Values(model::WeightType::kF32, model::WeightType::kF16,
                                           model::WeightType::kBf16, model::WeightType::kQ8_0));

TEST_F(EngineTest, SamplingFollowsTheSeed) {
  auto engine = open();
  auto sampling = greedy(32);
  sampling.temperature = 1.5f;
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    sampling.seed = seed;
    const auto one = engine->generate("ward", sampling, {});
    const auto two = engine->generate("ward", sampling, {});
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->text, two->text);
    texts.insert(one->text);
  }
  EXPECT_GT(texts.size(), 2u);
  sampling.top_k = 1;
  EXPECT_EQ(engine->generate("ward", sampling, {})->text,
            engine->generate("ward", greedy(32), {})->text);
}

TEST_F(EngineTest, TheSinkTakesTheWholeTextAndCanStopIt) {
  auto engine = open();
  std::string streamed;
  const auto whole =
      engine->generate("The patient and the ward", greedy(40), [&](std::string_view piece) {
        streamed += piece;
        return true;
      });
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(streamed, whole->text);
  int pieces = 0;
  const auto cut = engine->generate("The patient and the ward", greedy(40),
                                    [&](std::string_view) { return ++pieces < 3; });
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->finish, FinishReason::kCancelled);
  EXPECT_EQ(pieces, 3);
}

TEST_F(EngineTest, AStopStringEndsTheTextBeforeIt) {
  auto engine = open();
  const auto whole = engine->generate("The patient and the ward", greedy(40), {});
  ASSERT_TRUE(whole.ok());
  ASSERT_GT(whole->text.size(), 12u);
  auto sampling = greedy(40);
  sampling.stop = {whole->text.substr(7, 4)};
  const auto cut = engine->generate("The patient and the ward", sampling, {});
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->finish, FinishReason::kStop);
  EXPECT_EQ(cut->text, whole->text.substr(0, whole->text.find(sampling.stop[0])));
}

TEST_F(EngineTest, APromptThatDoesNotFitIsRefusedWithBothNumbers) {
  auto engine = open();
  const std::string prompt(400, 'x');
  const auto result = engine->generate(prompt, greedy(4), {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(result.error().message().find("400"), std::string::npos);
  EXPECT_NE(result.error().message().find("256"), std::string::npos);
  EXPECT_EQ(result.error().message().find("xxx"), std::string::npos);
  EXPECT_FALSE(engine->generate("", greedy(4), {}).ok());
  EXPECT_TRUE(engine->generate(prompt.substr(0, 255), greedy(4), {}).ok());
  const auto full = engine->generate(prompt.substr(0, 250), greedy(100), {});
  ASSERT_TRUE(full.ok());
  EXPECT_LE(full->prompt_tokens + full->completion_tokens, 257);
}

TEST_F(EngineTest, SamplingOptionsOutOfBoundsAreRefused) {
  auto engine = open();
  const auto refused = [&](auto change) {
    auto sampling = greedy(4);
    change(sampling);
    const auto result = engine->generate("the", sampling, {});
    return !result.ok() && result.error().code() == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](auto& s) { s.tokens_max = 0; }));
  EXPECT_TRUE(refused([](auto& s) { s.temperature = -1; }));
  EXPECT_TRUE(refused([](auto& s) { s.temperature = std::nanf(""); }));
  EXPECT_TRUE(refused([](auto& s) { s.top_p = 0; }));
  EXPECT_TRUE(refused([](auto& s) { s.top_k = -1; }));
  EXPECT_TRUE(refused([](auto& s) { s.stop = {""}; }));
  EXPECT_TRUE(refused([](auto& s) { s.grammar = "root ::= ("; }));
  EXPECT_TRUE(refused([](auto& s) { s.grammar = "other ::= \"a\""; }));
  EXPECT_TRUE(refused([](auto& s) { s.grammar = "root ::= " + std::string(5000, '('); }));
}

TEST_F(EngineTest, AGrammarHoldsTheTextToItself) {
  auto engine = open();
  auto sampling = greedy(40);
  sampling.grammar = "root ::= \"{\\\"code\\\": \\\"\" [A-Z] [0-9] [0-9] \"\\\"}\"";
  const auto result = engine->generate("the", sampling, {});
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(result->finish, FinishReason::kStop);
  ASSERT_EQ(result->text.size(), std::string("{\"code\": \"A00\"}").size()) << result->text;
  EXPECT_EQ(result->text.substr(0, 10), "{\"code\": \"");
  EXPECT_TRUE(std::isupper(result->text[10]) && std::isdigit(result->text[11]));
  sampling.temperature = 2;
  const auto drawn = engine->generate("the", sampling, {});
  ASSERT_TRUE(drawn.ok());
  EXPECT_EQ(drawn->text.size(), result->text.size());
}

TEST_F(EngineTest, ProbabilitiesOverTheVocabularySumToOne) {
  options_.kv_cache_f32 = true;
  auto engine = open();
  const auto tokens =
      engine->tokenize("the patient and the ward on the hill and so on and on", false, false);
  ASSERT_TRUE(tokens.ok());
  std::vector<std::int32_t> many;
  while (many.size() < 150) many.insert(many.end(), tokens->begin(), tokens->end());
  const auto all = engine->all_logprobs(many);
  ASSERT_TRUE(all.ok());
  const auto vocabulary = static_cast<std::size_t>(engine->vocabulary_size());
  ASSERT_EQ(all->size(), many.size() * vocabulary);
  for (std::size_t row = 0; row < many.size(); ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) sum += std::exp(all->at(row * vocabulary + i));
    EXPECT_NEAR(sum, 1, 1e-4);
  }
}

TEST_F(EngineTest, ContinuationsScoreAsTheFullSequenceDoes) {
  options_.kv_cache_f32 = true;
  auto engine = open();
  const std::string prompt = "the patient is";
  const std::vector<std::string> continuations{" a", " in the ward", "", " on"};
  const auto scores = engine->continuation_logprobs(prompt, continuations);
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  ASSERT_EQ(scores->size(), 4u);
  EXPECT_EQ(scores->at(2), 0);
  const auto head = engine->tokenize(prompt, false, true).value();
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    const auto tail = engine->tokenize(continuations[i], false, false).value();
    auto tokens = head;
    tokens.insert(tokens.end(), tail.begin(), tail.end());
    const auto all = engine->all_logprobs(tokens).value();
    double sum = 0;
    for (std::size_t k = 0; k < tail.size(); ++k) {
      const auto row = head.size() - 1 + k;
      sum += all[row * static_cast<std::size_t>(engine->vocabulary_size()) +
                 static_cast<std::size_t>(tail[k])];
    }
    EXPECT_NEAR(scores->at(i), sum, 1e-3) << i;
  }
}

TEST_F(EngineTest, TokensOutsideTheVocabularyAreRefused) {
  auto engine = open();
  EXPECT_FALSE(engine->all_logprobs({1, 272}).ok());
  EXPECT_FALSE(engine->all_logprobs({-1}).ok());
  EXPECT_FALSE(engine->all_logprobs({}).ok());
  EXPECT_EQ(engine->token_text(99999), "");
}

/// An adapter of every projection; B is zero, or large enough to change what is said.
model::LoraAdapter adapter_for(const model::GgufFile& base, float b_scale) {
  const auto config = model::LlamaConfig::from_gguf(base).value();
  model::LoraAdapter adapter;
  adapter.rank = 4;
  adapter.alpha = 8;
  std::uint32_t state = 1;
  const auto drawn = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<float>(state >> 8) * 0x1p-23f - 1.0f;
  };
  for (const auto& tensor : model::expected_tensors(config)) {
    if (!model::lora_place(tensor.name).ok()) continue;
    model::LoraModule module{tensor.name, tensor.shape[0], tensor.shape[1], {}, {}};
    for (std::int64_t i = 0; i < 4 * module.in; ++i) module.a.push_back(0.2f * drawn());
    for (std::int64_t i = 0; i < 4 * module.out; ++i) module.b.push_back(b_scale * drawn());
    adapter.modules.push_back(std::move(module));
  }
  return adapter;
}

TEST_F(EngineTest, AnAdapterWithZeroBGivesTheBase) {
  const auto base = model::GgufFile::open(options_.model_path).value();
  const auto config = model::LlamaConfig::from_gguf(*base).value();
  const auto text = open()->generate("The patient and the ward", greedy(40), {})->text;
  options_.adapter_path =
      write("zero.gguf", model::write_lora_gguf(adapter_for(*base, 0), config).value());
  EXPECT_EQ(open()->generate("The patient and the ward", greedy(40), {})->text, text);
}

TEST_F(EngineTest, AnAdapterGivesWhatTheMergedModelGives) {
  const auto base = model::GgufFile::open(options_.model_path).value();
  const auto config = model::LlamaConfig::from_gguf(*base).value();
  const auto adapter = adapter_for(*base, 0.3f);
  const auto plain = open()->generate("The patient and the ward", greedy(40), {})->text;
  options_.kv_cache_f32 = true;
  options_.adapter_path = write("lora.gguf", model::write_lora_gguf(adapter, config).value());
  auto adapted = open();
  model::testing::StringFile out;
  ASSERT_TRUE(model::merge_lora(*base, adapter, model::WeightType::kF32, out).ok());
  options_.adapter_path.clear();
  options_.model_path = write("merged.gguf", out.bytes());
  auto merged = open();
  const auto text = adapted->generate("The patient and the ward", greedy(40), {})->text;
  EXPECT_NE(text, plain);
  EXPECT_EQ(text, merged->generate("The patient and the ward", greedy(40), {})->text);
  const auto tokens = adapted->tokenize("the nurse and the note on the hill", false, false).value();
  const auto one = adapted->all_logprobs(tokens).value();
  const auto two = merged->all_logprobs(tokens).value();
  double worst = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    worst = std::max(worst, std::fabs(static_cast<double>(one[i]) - two[i]));
  }
  EXPECT_LT(worst, 1e-3);
}

TEST_F(EngineTest, AnAdapterThatDoesNotFitIsRefused) {
  model::TinyLlamaOptions wide;
  wide.embedding = 128;
  const auto other =
      model::GgufFile::from_bytes(model::make_tiny_llama(1, wide).value(), "wide").value();
  const auto config = model::LlamaConfig::from_gguf(*other).value();
  const auto bytes = model::write_lora_gguf(adapter_for(*other, 0), config).value();
  options_.adapter_path = write("wide.gguf", bytes);
  auto engine = Engine::open(options_);
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code(), ErrorCode::kInvalidInput);
  for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 31) {
    options_.adapter_path = write("cut.gguf", bytes.substr(0, length));
    EXPECT_FALSE(Engine::open(options_).ok());
  }
  options_.adapter_path = options_.model_path;
  EXPECT_FALSE(Engine::open(options_).ok());
}

TEST_F(EngineTest, BrokenFilesAreErrorsNotCrashes) {
  for (std::size_t length = 0; length < bytes_.size(); length += bytes_.size() / 97) {
    options_.model_path = write("cut.gguf", bytes_.substr(0, length));
    const auto engine = Engine::open(options_);
    ASSERT_FALSE(engine.ok()) << length;
    EXPECT_EQ(engine.error().code(), ErrorCode::kCorrupt);
  }
  std::string magic = bytes_;
  magic[1] = 'g';
  options_.model_path = write("magic.gguf", magic);
  EXPECT_FALSE(Engine::open(options_).ok());
  options_.model_path = (folder_ / "absent.gguf").string();
  EXPECT_EQ(Engine::open(options_).error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, AFlippedHeaderByteNeverCrashes) {
  const std::size_t header = bytes_.find("output_norm.weight") + 64;
  for (std::size_t at = 0; at < header; at += 61) {
    std::string flipped = bytes_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
    options_.model_path = write("flipped.gguf", flipped);
    const auto engine = Engine::open(options_);
    if (engine.ok()) (void)(*engine)->generate("the", greedy(2), {});
  }
}

TEST_F(EngineTest, AModelHeldInMemoryLoads) {
  const int fd = ::memfd_create("model", 0);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, bytes_.data(), bytes_.size()), static_cast<ssize_t>(bytes_.size()));
  options_.model_path = "/proc/self/fd/" + std::to_string(fd);
  auto engine = open();
  EXPECT_TRUE(engine->generate("the", greedy(4), {}).ok());
  ::close(fd);
}

TEST_F(EngineTest, OptionsOutOfBoundsAreRefused) {
  options_.context_tokens = 0;
  EXPECT_EQ(Engine::open(options_).error().code(), ErrorCode::kInvalidArgument);
  options_.context_tokens = 256;
  options_.parallel_sequences = 65;
  EXPECT_EQ(Engine::open(options_).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(EngineTest, TheContextIsAtMostTheModels) {
  options_.context_tokens = 100000;
  EXPECT_EQ(open()->context_tokens(), 512);
}

}  // namespace
}  // namespace residency::infer
