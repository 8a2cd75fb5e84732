#include <gtest/gtest.h>

#include "infer/engine.h"

namespace residency::infer {
namespace {

ConfigNode yaml(const char* text) { return ConfigNode::parse(text, "recipe.yaml").value(); }

TEST(InferOptions, AreReadByName) {
  const auto engine = EngineOptions::from_config(yaml("{context_tokens: 1024, threads: 3}"));
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  EXPECT_EQ(engine->context_tokens, 1024);
  EXPECT_EQ(engine->threads, 3);
  EXPECT_EQ(engine->parallel_sequences, 1);
  const auto sampling =
      SamplingOptions::from_config(yaml("{tokens_max: 5, temperature: 0.5, stop: [a, b]}"));
  ASSERT_TRUE(sampling.ok()) << sampling.error().message();
  EXPECT_EQ(sampling->tokens_max, 5);
  EXPECT_EQ(sampling->stop, (std::vector<std::string>{"a", "b"}));
}

TEST(InferOptions, ProblemsAreReportedTogether) {
  const auto sampling =
      SamplingOptions::from_config(yaml("{tokens_max: 0, heat: 1, top_k: -4, top_p: 0}"));
  ASSERT_FALSE(sampling.ok());
  for (const auto* part : {"tokens_max", "heat", "top_k", "top_p"}) {
    EXPECT_NE(sampling.error().message().find(part), std::string::npos) << part;
  }
  EXPECT_FALSE(EngineOptions::from_config(yaml("{parallel_sequences: 65}")).ok());
}

TEST(InferOptions, CanonicalJsonTellsOptionsApart) {
  SamplingOptions one;
  SamplingOptions two;
  EXPECT_EQ(one.canonical_json(), two.canonical_json());
  two.seed = 1;
  EXPECT_NE(one.canonical_json(), two.canonical_json());
}

}  // namespace
}  // namespace residency::infer
