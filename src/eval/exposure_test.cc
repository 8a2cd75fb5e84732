#include "eval/exposure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/progress.h"
#include "eval/compare.h"
#include "eval/gate.h"

namespace residency::eval {
namespace {

/// Knows some secrets by heart and nothing else.
class Parrot final : public infer::Engine {
 public:
  explicit Parrot(std::vector<dataset::Canary> learnt) : learnt_(std::move(learnt)) {}
  Result<std::string> render_chat(const std::vector<infer::ChatMessage>& messages,
                                  bool) const override {
    return "<user>" + messages.front().content + "<assistant>";
  }
  Result<std::vector<std::int32_t>> tokenize(std::string_view, bool, bool) const override {
    return std::vector<std::int32_t>{};
  }
  std::string token_text(std::int32_t) const override { return ""; }
  int context_tokens() const override { return 100; }
  int vocabulary_size() const override { return 256; }
  Result<infer::Generation> generate(std::string_view prompt, const infer::SamplingOptions&,
                                     const infer::TextSink&) override {
    const std::string* secret = secret_of(prompt);
    return infer::Generation{secret ? "It is " + *secret + "." : "I do not know.",
                             infer::FinishReason::kStop, 1, 2};
  }
  Result<std::vector<infer::Generation>> generate_batch(
      const std::vector<std::string>&, const infer::SamplingOptions&,
      const std::function<void(std::size_t)>&) override {
    return internal_error("not used");
  }
  Result<std::vector<double>> continuation_logprobs(
      std::string_view prompt, const std::vector<std::string>& continuations) override {
    const std::string* secret = secret_of(prompt);
    std::vector<double> chances;
    for (const std::string& one : continuations)
      chances.push_back(secret && one == *secret
                            ? -1
                            : -20 -
                                  static_cast<double>(std::hash<std::string>{}(one) % 1000) / 100);
    return chances;
  }
  Result<std::vector<float>> all_logprobs(const std::vector<std::int32_t>&) override {
    return internal_error("not used");
  }

 private:
  const std::string* secret_of(std::string_view prompt) const {
    for (const dataset::Canary& one : learnt_) {
      if (prompt.find(one.prompt) != std::string_view::npos) return &one.secret;
    }
    return nullptr;
  }
  std::vector<dataset::Canary> learnt_;
};

class Silent final : public Progress {
 public:
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
  bool cancelled() const override { return false; }
};

TEST(ExposureTest, TellsAModelThatLearntItsCanariesFromOneThatDidNot) {
  const auto canaries = dataset::make_canaries({64, 1, 5}, dataset::Format::kChat);
  Silent progress;
  Parrot learnt(canaries);
  const auto high = measure_exposure(learnt, canaries, {}, progress);
  ASSERT_TRUE(high.ok());
  EXPECT_DOUBLE_EQ(high->metrics().at("canary_exposure").value, 9.0);
  EXPECT_DOUBLE_EQ(high->metrics().at("canary_extracted").value, 1.0);
  Parrot fresh({});
  const auto low = measure_exposure(fresh, canaries, {}, progress);
  ASSERT_TRUE(low.ok());
  EXPECT_DOUBLE_EQ(low->metrics().at("canary_extracted").value, 0.0);
  // The mean of -log2 of a uniform rank is 1.44 bits.
  EXPECT_NEAR(low->metrics().at("canary_exposure").value, 1.44, 0.6);
}

TEST(ExposureTest, OneLearntCanaryShowsInTheLargest) {
  const auto canaries = dataset::make_canaries({10, 1, 5}, dataset::Format::kCompletion);
  Silent progress;
  Parrot engine({canaries[3]});
  const auto report = measure_exposure(engine, canaries, {}, progress);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->canaries[3].rank, 1u);
  EXPECT_TRUE(report->canaries[3].extracted);
  EXPECT_DOUBLE_EQ(report->metrics().at("canary_exposure_max").value, 9.0);
  EXPECT_DOUBLE_EQ(report->metrics().at("canary_extracted").value, 0.1);
}

TEST(ExposureTest, TheGateCanDemandIt) {
  Comparison comparison;
  comparison.metrics["canary_exposure_max"].tuned = {9, 9, 9};
  comparison.metrics["canary_extracted"].tuned = {0.5, 0.5, 0.5};
  const auto options = GateOptions::from_config(
      ConfigNode::parse("thresholds: [{metric: canary_exposure_max, max_absolute: 6.5}, "
                        "{metric: canary_extracted, max_absolute: 0}]",
                        "gate")
          .value());
  ASSERT_TRUE(options.ok()) << options.error().message();
  const auto decision = gate(*options, comparison);
  ASSERT_TRUE(decision.ok());
  EXPECT_FALSE(decision->passed);
  EXPECT_EQ(decision->reasons().size(), 2u);
}

TEST(CanaryTest, SameOptionsSameCanariesAndTheyComeBackFromJson) {
  const auto canaries = dataset::make_canaries({5, 3, 9}, dataset::Format::kChat);
  EXPECT_EQ(dataset::canaries_to_json(canaries),
            dataset::canaries_to_json(dataset::make_canaries({5, 3, 9}, dataset::Format::kChat)));
  const auto read = dataset::canaries_from_json(dataset::canaries_to_json(canaries));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->at(4).secret, canaries[4].secret);
  EXPECT_EQ(dataset::canary_examples(canaries).size(), 15u);
  for (const auto& example : dataset::canary_examples(canaries))
    EXPECT_TRUE(dataset::check_example(example).ok());
  EXPECT_FALSE(dataset::canaries_from_json("[{\"prompt\":\"x\"}]").ok());
  EXPECT_FALSE(dataset::canaries_from_json("{}").ok());
}

}  // namespace
}  // namespace residency::eval
