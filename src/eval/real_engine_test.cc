#include <gtest/gtest.h>

#include "base/env.h"
#include "dataset/example.h"
#include "eval/evaluate.h"
#include "model/tiny_model.h"

namespace residency::eval {
namespace {

/// A model of a few thousand random weights behind llama.cpp.
class RealEngine : public testing::Test {
 protected:
  void SetUp() override {
    const auto bytes = model::make_tiny_llama(5);
    ASSERT_TRUE(bytes.ok());
    path_ = testing::TempDir() + "eval_tiny.gguf";
    ASSERT_TRUE(Env::posix().write_file_atomic(path_, *bytes).ok());
    infer::EngineOptions options;
    options.model_path = path_;
    options.context_tokens = 256;
    options.parallel_sequences = 4;
    options.threads = 1;
    auto engine = infer::Engine::open(options);
    ASSERT_TRUE(engine.ok()) << engine.error().message();
    engine_ = std::move(engine).value();
  }
  void TearDown() override { EXPECT_TRUE(Env::posix().remove(path_).ok()); }

  Result<ModelScores> run(const EvalOptions& options) {
    class Items final : public LineSource {
     public:
      Result<bool> next(std::string& line) override {
        if (number_ == 12) return false;
        dataset::Example example;
        example.id = "i" + std::to_string(number_);
        example.messages = {{"user", "note " + std::to_string(number_)}, {"assistant", "I10"}};
        example.labels = {number_ % 2 == 0 ? "I10" : "E11.9"};
        line = dataset::to_json_line(example);
        ++number_;
        return true;
      }

     private:
      int number_ = 0;
    };
    Items items;
    NoProgress progress;
    return evaluate(options, *engine_, items, progress);
  }

  std::string path_;
  std::unique_ptr<infer::Engine> engine_;
};

TEST_F(RealEngine, the_codes_grammar_leaves_no_answer_unreadable) {
  EvalOptions options;
  options.tokens_max = 24;
  options.grammar = "codes";
  const auto scores = run(options);
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(scores->metrics.at("parse_failure_rate").value, 0);
  EXPECT_EQ(scores->metrics.at("not_asked_rate").value, 0);
}

TEST_F(RealEngine, the_choices_grammar_gives_a_choice) {
  EvalOptions options;
  options.task = EvalTask::kClassification;
  options.tokens_max = 24;
  options.grammar = "choices";
  const auto scores = run(options);
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(scores->metrics.at("parse_failure_rate").value, 0);
}

TEST_F(RealEngine, scores_repeat_exactly) {
  for (const EvalTask task : {EvalTask::kCodeF1, EvalTask::kMultipleChoice}) {
    EvalOptions options;
    options.task = task;
    options.tokens_max = 16;
    const auto first = run(options);
    const auto second = run(options);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(dump_json(first->to_json()), dump_json(second->to_json()));
    for (std::size_t i = 0; i < first->predictions.size(); ++i) {
      EXPECT_EQ(to_json_line(first->predictions[i]), to_json_line(second->predictions[i]));
    }
  }
}

}  // namespace
}  // namespace residency::eval
