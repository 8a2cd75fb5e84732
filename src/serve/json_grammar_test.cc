#include "serve/json_grammar.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "infer/batch_engine.h"
#include "model/tiny_model.h"

namespace residency::serve {
namespace {

using ::testing::HasSubstr;

class Collector final : public infer::GenerationSink {
 public:
  bool on_text(std::string text) override {
    text_ += text;
    return true;
  }
  void on_done(Result<infer::BatchGeneration> outcome) override {
    done_.set_value(outcome.ok() ? text_ : "error: " + outcome.error().message());
  }
  std::string wait() { return done_.get_future().get(); }

 private:
  std::string text_;
  std::promise<std::string> done_;
};

/// A model that knows nothing writes what the grammar lets it: at a high temperature, anything the
/// grammar allows.
class JsonGrammarTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("residency_grammar_" + std::to_string(::getpid()) + ".gguf");
    std::ofstream(path_, std::ios::binary) << model::make_tiny_llama(3).value();
    infer::BatchEngineOptions options;
    options.model_path = path_.string();
    options.context_tokens = 512;
    options.threads = 1;
    engine_ = std::move(infer::BatchEngine::open(options)).value();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::string generate(const std::string& grammar, std::uint64_t seed) {
    infer::GenerationRequest request;
    request.prompt = engine_->prompt_tokens("Answer:").value();
    request.sampling.tokens_max = 480;
    request.sampling.temperature = 0.8f;
    request.sampling.seed = seed;
    request.sampling.grammar = grammar;
    const auto sink = std::make_shared<Collector>();
    const auto taken = engine_->submit(std::move(request), sink);
    return taken.ok() ? sink->wait() : "refused: " + taken.error().message();
  }

  std::filesystem::path path_;
  std::unique_ptr<infer::BatchEngine> engine_;
};

TEST_F(JsonGrammarTest, AnswersAreJsonOfTheSchema) {
  const Json schema = *parse_json(R"({
    "type": "object",
    "properties": {
      "code": {"type": "string", "minLength": 2, "maxLength": 6},
      "sure": {"type": "boolean"},
      "side": {"enum": ["left", "right", null]},
      "doses": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
      "note": {"anyOf": [{"type": "null"}, {"const": "none"}]}
    },
    "required": ["code", "doses", "side"]})");
  const auto grammar = json_grammar(schema);
  ASSERT_TRUE(grammar.ok()) << grammar.error().message();
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const std::string text = generate(*grammar, seed);
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed.ok()) << text;
    for (const char* member : {"code", "doses", "side"})
      ASSERT_TRUE(parsed->contains(member)) << text;
    EXPECT_TRUE((*parsed)["side"] == "left" || (*parsed)["side"] == "right" ||
                (*parsed)["side"].is_null());
    ASSERT_TRUE((*parsed)["doses"].is_array());
    EXPECT_GE((*parsed)["doses"].size(), 1u);
    EXPECT_LE((*parsed)["doses"].size(), 3u);
    for (const auto& [key, value] : parsed->items()) {
      EXPECT_TRUE(schema["properties"].contains(key)) << text;
    }
  }
}

TEST_F(JsonGrammarTest, ASchemaMayReferToItself) {
  const Json schema = *parse_json(R"({
    "$defs": {"node": {"type": "object", "properties": {
      "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["next"]}},
    "$ref": "#/$defs/node"})");
  const auto grammar = json_grammar(schema);
  ASSERT_TRUE(grammar.ok()) << grammar.error().message();
  const auto parsed = parse_json(generate(*grammar, 4));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->contains("next"));
}

TEST(JsonGrammar, WhatCannotBeHeldIsRefusedByItsPlace) {
  const auto problem = [](const char* text) {
    const auto made = json_grammar(*parse_json(text));
    return made.ok() ? std::string("accepted") : made.error().message();
  };
  EXPECT_THAT(problem(R"({"type":"string","pattern":"a+"})"), HasSubstr("pattern"));
  EXPECT_THAT(problem(R"({"type":"object","properties":{"a":{"type":"integer","minimum":3}}})"),
              HasSubstr("schema.properties.a: the keyword is not supported: minimum"));
  EXPECT_THAT(problem(R"({"type":"thing"})"), HasSubstr("type is none of"));
  EXPECT_THAT(problem(R"({"$ref":"#/nowhere"})"), HasSubstr("names nothing"));
  EXPECT_THAT(problem(R"({"$ref":"#"})"), HasSubstr("itself alone"));
  EXPECT_THAT(problem(R"({"type":"object","properties":{},"required":["a"]})"),
              HasSubstr("not described"));
  EXPECT_THAT(problem(R"({"type":"array","minItems":3,"maxItems":2})"), HasSubstr("below"));
  EXPECT_THAT(problem(R"({"enum":[]})"), HasSubstr("list"));
  EXPECT_THAT(problem("7"), HasSubstr("must be an object"));
}

}  // namespace
}  // namespace residency::serve
