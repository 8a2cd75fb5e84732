#include "infer/batch_engine.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

#include "model/lora_gguf.h"
#include "model/tiny_model.h"

namespace residency::infer {
namespace {

class Collector final : public GenerationSink {
 public:
  explicit Collector(std::size_t stop_after = 0) : stop_after_(stop_after) {}
  bool on_text(std::string text) override {
    text_ += text;
    return stop_after_ == 0 || text_.size() < stop_after_;
  }
  void on_done(Result<BatchGeneration> outcome) override {
    if (outcome.ok()) outcome->generation.text = text_;
    outcome_.set_value(std::move(outcome));
  }
  Result<BatchGeneration> wait() { return outcome_.get_future().get(); }

 private:
  std::size_t stop_after_;
  std::string text_;
  std::promise<Result<BatchGeneration>> outcome_;
};

class BatchEngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("residency_batch_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    bytes_ = model::make_tiny_llama(11).value();
    options_.model_path = write("tiny.gguf", bytes_);
    options_.context_tokens = 256;
    options_.threads = 1;
    options_.exact = true;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& bytes) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

  /// An adapter whose updates are as large as the weights.
  std::string adapter(const std::string& name, std::int64_t rank, unsigned seed,
                      const std::string& base_sha256 = "",
                      const std::vector<std::string>& targets = {"attn_q", "ffn_down"}) {
    const auto file = model::GgufFile::from_bytes(bytes_, "tiny").value();
    const auto config = model::LlamaConfig::from_gguf(*file).value();
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.3f);
    model::LoraAdapter made{rank, static_cast<double>(2 * rank), base_sha256, {}};
    for (int layer = 0; layer < 2; ++layer) {
      for (const std::string& target : targets) {
        model::LoraModule module;
        module.tensor = "blk." + std::to_string(layer) + "." + target + ".weight";
        const auto* tensor = file->find(module.tensor);
        module.in = tensor->shape[0];
        module.out = tensor->shape[1];
        module.a.resize(static_cast<std::size_t>(rank * module.in));
        module.b.resize(static_cast<std::size_t>(rank * module.out));
        for (float& value : module.a) value = normal(random);
        for (float& value : module.b) value = normal(random);
        made.modules.push_back(std::move(module));
      }
    }
    return write(name, model::write_lora_gguf(made, config).value());
  }

  std::unique_ptr<BatchEngine> open() {
    auto engine = BatchEngine::open(options_);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    return std::move(engine).value();
  }

  static GenerationRequest request(BatchEngine& engine, const std::string& prompt, int tokens_max,
                                   std::size_t variant = 0) {
    GenerationRequest made;
    made.prompt = engine.prompt_tokens(prompt).value();
    made.sampling.tokens_max = tokens_max;
    made.variant = variant;
    return made;
  }

  /// All at once.
  static std::vector<std::string> answers(BatchEngine& engine,
                                          std::vector<GenerationRequest> requests) {
    std::vector<std::shared_ptr<Collector>> sinks;
    for (auto& made : requests) {
      sinks.push_back(std::make_shared<Collector>());
      EXPECT_TRUE(engine.submit(std::move(made), sinks.back()).ok());
    }
    std::vector<std::string> texts;
    for (auto& sink : sinks) {
      auto outcome = sink->wait();
      EXPECT_TRUE(outcome.ok());
      texts.push_back(outcome.ok() ? outcome->generation.text : "");
    }
    return texts;
  }

  std::filesystem::path folder_;
  std::string bytes_;
  BatchEngineOptions options_;
};

const std::vector<std::string> kPrompts{"The patient and the ward", "Code: pneumonia",
                                        "An answer to a longer question about a dose of 5 mg", "x",
                                        "The patient and the wall"};

TEST_F(BatchEngineTest, EachAnswerIsThatOfTheEngineAloneBitForBit) {
  EngineOptions plain;
  plain.model_path = options_.model_path;
  plain.context_tokens = 256;
  plain.threads = 1;
  const auto alone = Engine::open(plain).value();
  options_.parallel_sequences = 3;  // fewer than requests
  options_.prefix_cache = false;
  const auto engine = open();
  std::vector<GenerationRequest> requests;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < kPrompts.size(); ++i) {
    SamplingOptions sampling;
    sampling.tokens_max = 24 + 7 * static_cast<int>(i);
    sampling.temperature = i % 2 == 0 ? 0.0f : 0.9f;
    sampling.seed = i;
    expected.push_back(alone->generate(kPrompts[i], sampling, {})->text);
    requests.push_back(request(*engine, kPrompts[i], 0));
    requests.back().sampling = sampling;
  }
  EXPECT_EQ(answers(*engine, std::move(requests)), expected);
}

TEST_F(BatchEngineTest, KeptBeginningsDoNotChangeAnswers) {
  const std::string shared(180, 'a');
  options_.parallel_sequences = 4;
  const auto engine = open();
  options_.prefix_cache = false;
  const auto fresh = open();
  std::vector<std::string> prompts;
  for (int round = 0; round < 3; ++round) {
    for (const char* end : {"bc", "bd", "e", "bcd"}) prompts.push_back(shared + end);
  }
  for (const std::string& prompt : prompts) {
    EXPECT_EQ(answers(*engine, {request(*engine, prompt, 16)}),
              answers(*fresh, {request(*fresh, prompt, 16)}));
  }
  std::vector<GenerationRequest> all;
  std::vector<GenerationRequest> all_fresh;
  for (const std::string& prompt : prompts) {
    all.push_back(request(*engine, prompt, 16));
    all_fresh.push_back(request(*fresh, prompt, 16));
  }
  EXPECT_EQ(answers(*engine, std::move(all)), answers(*fresh, std::move(all_fresh)));
  EXPECT_GT(engine->stats().cached_tokens, 10 * shared.size());
  EXPECT_EQ(fresh->stats().cached_tokens, 0u);
}

TEST_F(BatchEngineTest, RequestsForDifferentAdaptersShareABatch) {
  const std::vector<std::string> variants{"", adapter("one.gguf", 4, 1),
                                          adapter("two.gguf", 8, 2, "", {"attn_v", "ffn_down"}),
                                          adapter("three.gguf", 2, 3)};
  std::vector<std::vector<std::string>> expected;
  for (const std::string& variant : variants) {
    options_.variants = {variant};
    const auto alone = open();
    expected.emplace_back();
    for (const std::string& prompt : kPrompts) {
      expected.back().push_back(answers(*alone, {request(*alone, prompt, 24)}).front());
    }
  }
  EXPECT_NE(expected[0], expected[1]);
  EXPECT_NE(expected[1], expected[2]);
  options_.variants = variants;
  options_.parallel_sequences = 8;
  const auto together = open();
  std::vector<GenerationRequest> requests;
  for (std::size_t p = 0; p < kPrompts.size(); ++p) {
    for (std::size_t v = 0; v < variants.size(); ++v) {
      requests.push_back(request(*together, kPrompts[p], 24, v));
    }
  }
  const auto made = answers(*together, std::move(requests));
  for (std::size_t p = 0; p < kPrompts.size(); ++p) {
    for (std::size_t v = 0; v < variants.size(); ++v) {
      EXPECT_EQ(made[p * variants.size() + v], expected[v][p])
          << "prompt " << p << " variant " << v;
    }
  }
}

TEST_F(BatchEngineTest, AnAdapterOfAnotherBaseIsRefused) {
  options_.base_sha256 = std::string(64, 'b');
  options_.variants = {"", adapter("other.gguf", 4, 1, std::string(64, 'a'))};
  const auto engine = BatchEngine::open(options_);
  ASSERT_FALSE(engine.ok());
  EXPECT_NE(engine.error().message().find("another base"), std::string::npos);
  options_.variants = {adapter("own.gguf", 4, 1, std::string(64, 'b'))};
  EXPECT_TRUE(BatchEngine::open(options_).ok());
}

TEST_F(BatchEngineTest, APromptThatDoesNotFitIsRefusedNotCut) {
  const auto engine = open();
  auto made = request(*engine, "x", 4);
  made.prompt.assign(256, made.prompt.front());
  const auto refused = engine->submit(made, std::make_shared<Collector>());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  made.prompt.pop_back();
  const auto fits = std::make_shared<Collector>();
  ASSERT_TRUE(engine->submit(made, fits).ok());
  EXPECT_TRUE(fits->wait().ok());
}

TEST_F(BatchEngineTest, StopsDeadlinesAndSinksEndRequests) {
  options_.parallel_sequences = 1;
  const auto engine = open();
  const auto blocked = std::make_shared<Collector>(3);
  ASSERT_TRUE(engine->submit(request(*engine, "x", 200), blocked).ok());
  EXPECT_EQ(blocked->wait()->generation.finish, FinishReason::kCancelled);

  std::stop_source stop;
  auto stopped = request(*engine, "x", 200);
  stopped.stop = stop.get_token();
  stop.request_stop();
  const auto gone = std::make_shared<Collector>();
  ASSERT_TRUE(engine->submit(std::move(stopped), gone).ok());
  const auto outcome = gone->wait();
  EXPECT_EQ(outcome->generation.finish, FinishReason::kCancelled);
  EXPECT_EQ(outcome->generation.completion_tokens, 0);

  auto late = request(*engine, "x", 200);
  late.deadline = std::chrono::steady_clock::now();
  const auto over = std::make_shared<Collector>();
  ASSERT_TRUE(engine->submit(std::move(late), over).ok());
  EXPECT_EQ(over->wait()->generation.finish, FinishReason::kCancelled);
}

TEST_F(BatchEngineTest, LogprobsAreOfTheTokensGiven) {
  const auto engine = open();
  auto made = request(*engine, "The patient", 8);
  made.top_logprobs = 3;
  const auto sink = std::make_shared<Collector>();
  ASSERT_TRUE(engine->submit(std::move(made), sink).ok());
  const auto outcome = sink->wait();
  ASSERT_TRUE(outcome.ok());
  ASSERT_EQ(outcome->logprobs.size(), 8u);
  for (const auto& token : outcome->logprobs) {
    ASSERT_EQ(token.top.size(), 3u);
    EXPECT_EQ(token.top[0].second, token.logprob) << "greedy takes the likeliest";
    EXPECT_LE(token.top[1].second, token.top[0].second);
    EXPECT_LT(token.logprob, 0);
  }
}

TEST_F(BatchEngineTest, AStopStringIsNamed) {
  const auto engine = open();
  const std::string whole = answers(*engine, {request(*engine, "The patient", 40)}).front();
  ASSERT_GT(whole.size(), 12u);
  auto made = request(*engine, "The patient", 40);
  made.sampling.stop = {"never in there", whole.substr(6, 4)};
  const auto sink = std::make_shared<Collector>();
  ASSERT_TRUE(engine->submit(std::move(made), sink).ok());
  const auto outcome = sink->wait();
  EXPECT_EQ(outcome->stopped_by, whole.substr(6, 4));
  EXPECT_EQ(outcome->generation.text, whole.substr(0, whole.find(whole.substr(6, 4))));
}

TEST_F(BatchEngineTest, EmbeddingsHaveLengthOneAndKnowTheirAdapter) {
  options_.variants = {"", adapter("one.gguf", 4, 1)};
  const auto engine = open();
  const std::vector<std::vector<std::int32_t>> texts{engine->prompt_tokens("fever").value(),
                                                     engine->prompt_tokens("cough").value()};
  const auto base = engine->embed(texts, 0);
  ASSERT_TRUE(base.ok()) << base.error().message();
  ASSERT_EQ(base->size(), 2u);
  for (const auto& vector : *base) {
    double squares = 0;
    for (const float value : vector) squares += value * value;
    EXPECT_NEAR(squares, 1, 1e-5);
  }
  EXPECT_NE(base->at(0), base->at(1));
  EXPECT_EQ(engine->embed(texts, 0).value(), *base);
  EXPECT_NE(engine->embed(texts, 1).value(), *base);
  EXPECT_FALSE(engine->embed({{}}, 0).ok());
  EXPECT_FALSE(engine->embed({std::vector<std::int32_t>(257, 5)}, 0).ok());
}

TEST_F(BatchEngineTest, DestroyingCancelsWhatRuns) {
  auto engine = open();
  const auto sink = std::make_shared<Collector>();
  auto made = request(*engine, "x", 200);
  ASSERT_TRUE(engine->submit(std::move(made), sink).ok());
  engine.reset();
  EXPECT_TRUE(sink->wait().ok());
}

}  // namespace
}  // namespace residency::infer
