#include "eval/evaluate.h"

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "dataset/example.h"
#include "eval/compare.h"
#include "eval/eval_report.h"
#include "eval/gate.h"
#include "eval/testing/fake_engine.h"

namespace residency::eval {
namespace {

using evaltest::FakeEngine;
using evaltest::item;
using evaltest::Lines;
using ::testing::HasSubstr;

Result<ModelScores> run(FakeEngine& engine, const EvalOptions& options,
                        std::vector<std::string> lines) {
  Lines source(std::move(lines));
  NoProgress progress;
  return evaluate(options, engine, source, progress);
}

const std::vector<std::string>& code_items() {
  static const std::vector<std::string> kItems{
      item("a1", "Hypertension.", "I10", {"I10"}),
      item("a2", "Diabetes and hypertension.", "E11.9, I10", {"E11.9", "I10"}),
      item("b1", "Asthma.", "J45.909", {"J45.909"})};
  return kItems;
}

TEST(Evaluate, codes_are_scored_and_every_prediction_is_kept) {
  FakeEngine engine;
  EvalOptions options;
  auto scores = run(engine, options, code_items());
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(scores->items, 3u);
  EXPECT_FALSE(scores->sampled());
  EXPECT_EQ(engine.prompts_seen[0], "<user>Hypertension.<assistant>");
  EXPECT_EQ(engine.sampling_seen.temperature, 0);
  EXPECT_NEAR(scores->metrics.at("micro_f1").value, 4.0 / 7, 1e-12);  // 2 of 3 given, 4 gold
  EXPECT_NEAR(scores->metrics.at("exact_match").value, 1.0 / 3, 1e-12);
  ASSERT_EQ(scores->predictions.size(), 3u);
  EXPECT_TRUE(scores->predictions[0].correct);
  EXPECT_EQ(scores->predictions[1].id, "a2");
  EXPECT_NEAR(scores->predictions[1].score, 2.0 / 3, 1e-12);
  EXPECT_EQ(scores->categories.at("a").items, 2u);
  EXPECT_EQ(scores->categories.at("b").value, 0);
  EXPECT_EQ(scores->template_use, "chat");
  EXPECT_EQ(scores->prompts_sha256.size(), 64u);
  EXPECT_EQ(scores->completion_tokens, 6u);
}

TEST(Evaluate, multiple_choice_takes_the_likeliest_continuation) {
  FakeEngine engine;
  std::vector<std::string> asked;
  engine.logprob = [&](std::string_view prompt, std::string_view choice) {
    asked.emplace_back(choice);
    return prompt.find("1") != std::string_view::npos && choice == " no" ? -0.1 : -2.0;
  };
  EvalOptions options;
  options.task = EvalTask::kMultipleChoice;
  options.choices = {"yes", "no"};
  const auto completion = dataset::Format::kCompletion;
  auto scores = run(engine, options,
                    {item("1", "Q 1\nAnswer:", " no", {"no"}, completion),
                     item("2", "Q 2\nAnswer:", " no", {"no"}, completion)});
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(engine.prompts_seen[0], "Q 1\nAnswer:");
  EXPECT_EQ(asked[0], " yes");
  EXPECT_EQ(scores->predictions[0].prediction, "no");
  EXPECT_EQ(scores->predictions[1].prediction, "yes");  // the first of equals
  EXPECT_DOUBLE_EQ(scores->metrics.at("accuracy").value, 0.5);
  EXPECT_EQ(scores->template_use, "completion");
  EXPECT_EQ(scores->choices.size(), 2u);
}

TEST(Evaluate, a_chat_choice_has_no_leading_space) {
  FakeEngine engine;
  engine.logprob = [](auto, std::string_view choice) { return choice == "no" ? -1.0 : -2.0; };
  EvalOptions options;
  options.task = EvalTask::kMultipleChoice;
  auto scores =
      run(engine, options, {item("1", "Q", "no", {"no"}), item("2", "Q", "yes", {"yes"})});
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores->choices, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(scores->predictions[0].prediction, "no");
}

TEST(Evaluate, classification_reads_the_label_and_exact_ignores_white_space) {
  FakeEngine engine;
  engine.answer = [](auto) { return " Yes,  surely. "; };
  EvalOptions options;
  options.task = EvalTask::kClassification;
  const std::vector<std::string> lines{item("1", "Q", "yes", {"yes"}),
                                       item("2", "R", "no", {"no"})};
  auto scores = run(engine, options, lines);
  ASSERT_TRUE(scores.ok());
  EXPECT_DOUBLE_EQ(scores->metrics.at("accuracy").value, 0.5);
  options.task = EvalTask::kExact;
  scores = run(engine, options, {item("1", "Q", "Yes, surely.", {})});
  ASSERT_TRUE(scores.ok());
  EXPECT_DOUBLE_EQ(scores->metrics.at("exact_match").value, 1);
}

TEST(Evaluate, an_item_that_does_not_fit_is_counted_as_wrong_and_not_asked) {
  FakeEngine engine;
  EvalOptions options;
  options.tokens_max = 10;
  options.repeat_items = 0;
  // "<user>" 6 + 13 + "<assistant>" 11, one BOS, ten to answer.
  engine.context = 6 + 13 + 11 + 1 + 10;
  auto scores = run(engine, options, code_items());
  ASSERT_TRUE(scores.ok());
  EXPECT_TRUE(scores->predictions[0].asked);
  EXPECT_FALSE(scores->predictions[1].asked);
  EXPECT_EQ(engine.prompts_seen.size(), 2u);
  EXPECT_NEAR(scores->metrics.at("not_asked_rate").value, 1.0 / 3, 1e-12);
  EXPECT_EQ(scores->metrics.at("parse_failure_rate").value, 0);
  EXPECT_EQ(scores->items, 3u);
}

TEST(Evaluate, a_sample_is_the_same_whatever_the_order_and_says_so) {
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) {
    lines.push_back(item("i" + std::to_string(i), "p" + std::to_string(i), "I10", {"I10"}));
  }
  FakeEngine engine;
  EvalOptions options;
  options.items_max = 10;
  options.seed = 4;
  const auto ids = [&] {
    auto scores = run(engine, options, lines);
    std::set<std::string> set;
    for (const auto& prediction : scores.value().predictions) set.insert(prediction.id);
    EXPECT_TRUE(scores->sampled());
    EXPECT_EQ(scores->items_in_set, 40u);
    EXPECT_THAT(render_table(*scores), HasSubstr("not an official score"));
    return set;
  };
  const auto first = ids();
  EXPECT_EQ(first.size(), 10u);
  std::reverse(lines.begin(), lines.end());
  EXPECT_EQ(ids(), first);
  options.seed = 5;
  EXPECT_NE(ids(), first);
}

TEST(Evaluate, bad_test_sets_are_refused_by_line_and_field) {
  FakeEngine engine;
  EvalOptions options;
  auto broken = run(engine, options, {code_items()[0], R"({"messages":[]})"});
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message(), HasSubstr("line 2"));
  EXPECT_THAT(broken.error().message(), HasSubstr("messages"));
  EXPECT_FALSE(run(engine, options, {}).ok());
  EXPECT_FALSE(run(engine, options, {item("1", "p", "c", {})}).ok());
  options.task = EvalTask::kMultipleChoice;
  options.choices = {"yes", "no"};
  EXPECT_FALSE(run(engine, options, {item("1", "p", "c", {"maybe"})}).ok());
}

class Stopped final : public Progress {
 public:
  void update(std::uint64_t, std::uint64_t, std::string_view, std::string_view) override {}
  bool cancelled() const override { return true; }
};

TEST(Evaluate, stops_when_asked_to) {
  FakeEngine engine;
  Lines source(code_items());
  Stopped progress;
  auto scores = evaluate({}, engine, source, progress);
  ASSERT_FALSE(scores.ok());
  EXPECT_EQ(scores.error().code(), ErrorCode::kCancelled);
}

TEST(Evaluate, a_failing_engine_fails_the_evaluation) {
  FakeEngine engine;
  engine.logprob = [](auto, auto) { return std::numeric_limits<double>::quiet_NaN(); };
  EvalOptions options;
  options.task = EvalTask::kMultipleChoice;
  options.choices = {"yes", "no"};
  EXPECT_FALSE(run(engine, options, {item("1", "p", "yes", {"yes"})}).ok());
}

/// Base knows nothing, tuned knows all but one.
struct Pair {
  ModelScores base;
  ModelScores tuned;
};

Pair scored_pair() {
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) {
    lines.push_back(item("x" + std::to_string(i), "p" + std::to_string(i), "I10", {"I10"}));
  }
  FakeEngine engine;
  EvalOptions options;
  engine.answer = [](std::string_view prompt) {
    return prompt.find("p7") != std::string_view::npos ? "I10" : "J45.909";
  };
  Pair pair;
  pair.base = run(engine, options, lines).value();
  engine.answer = [](std::string_view prompt) {
    return prompt.find("p7") != std::string_view::npos ? "" : "I10";
  };
  pair.tuned = run(engine, options, lines).value();
  return pair;
}

TEST(Compare, pairs_the_items_and_names_those_that_got_worse) {
  const Pair pair = scored_pair();
  auto comparison = compare(pair.base, pair.tuned, 1, 500);
  ASSERT_TRUE(comparison.ok()) << comparison.error().message();
  EXPECT_EQ(comparison->better, 19u);
  EXPECT_EQ(comparison->worse, 1u);
  EXPECT_THAT(comparison->worse_ids, testing::ElementsAre("x7"));
  EXPECT_EQ(comparison->tuned_only_correct, 19u);
  EXPECT_EQ(comparison->base_only_correct, 1u);
  EXPECT_NEAR(comparison->mcnemar_p, 2.0 * 21 / (1 << 20), 1e-12);
  const MetricChange& change = comparison->metrics.at("exact_match");
  EXPECT_NEAR(change.difference.value, 0.9, 1e-12);
  EXPECT_LE(change.difference.low, 0.9);
  EXPECT_GT(change.difference.low, 0.5);
  EXPECT_NEAR(change.relative.value(), 18, 1e-9);
}

TEST(Compare, refuses_scores_of_different_items_or_prompts) {
  Pair pair = scored_pair();
  Pair other = pair;
  other.tuned.predictions[3].id = "y";
  EXPECT_FALSE(compare(other.base, other.tuned, 1, 100).ok());
  other = pair;
  other.tuned.predictions.pop_back();
  EXPECT_FALSE(compare(other.base, other.tuned, 1, 100).ok());
  other = pair;
  other.tuned.prompts_sha256 = "0";
  EXPECT_FALSE(compare(other.base, other.tuned, 1, 100).ok());
}

GateOptions gate_options(const std::string& yaml) {
  auto node = ConfigNode::parse(yaml, "recipe.yaml");
  auto options = GateOptions::from_config(node.value());
  EXPECT_TRUE(options.ok()) << options.error().message();
  return std::move(options).value();
}

TEST(Gate, every_threshold_must_hold_and_reasons_say_which_did_not) {
  const Pair pair = scored_pair();
  const auto comparison = compare(pair.base, pair.tuned, 1, 200).value();
  auto passed = gate(gate_options(R"(thresholds:
  - {metric: micro_f1, min_absolute: 0.9, min_relative_improvement: 0.4, not_worse_than_base: true}
  - {metric: not_asked_rate, max_absolute: 0})"),
                     comparison);
  ASSERT_TRUE(passed.ok());
  EXPECT_TRUE(passed->passed);
  EXPECT_EQ(passed->checks.size(), 4u);
  auto refused = gate(gate_options(R"(thresholds:
  - {metric: micro_f1, min_absolute: 0.99}
  - {metric: parse_failure_rate, not_worse_than_base: true}
  - {metric: exact_match, min_absolute: 0.5})"),
                      comparison);
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(refused->passed);
  ASSERT_EQ(refused->reasons().size(), 2u);
  EXPECT_THAT(refused->reasons()[0], HasSubstr("micro_f1"));
  EXPECT_THAT(refused->reasons()[1], HasSubstr("parse_failure_rate"));
  auto unknown =
      gate(gate_options("thresholds: [{metric: accuracy, min_absolute: 0.5}]"), comparison);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message(), HasSubstr("exact_match"));
}

TEST(Gate, a_threshold_met_exactly_holds_and_a_base_of_zero_needs_any_gain) {
  Comparison comparison;
  comparison.metrics["accuracy"] = {{0.5, 0, 1}, {0.7, 0, 1}, {0.2, 0, 1}, 0.4};
  comparison.metrics["macro_f1"] = {{0, 0, 0}, {0.01, 0, 1}, {0.01, 0, 1}, std::nullopt};
  comparison.metrics["exact_match"] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, std::nullopt};
  const auto decide = [&](const std::string& metric) {
    return gate(gate_options("thresholds: [{metric: " + metric +
                             ", min_relative_improvement: 0.4}]"),
                comparison)
        .value()
        .passed;
  };
  EXPECT_TRUE(decide("accuracy"));
  EXPECT_TRUE(decide("macro_f1"));
  EXPECT_FALSE(decide("exact_match"));
}

TEST(Gate, options_report_all_problems_at_once) {
  auto node = ConfigNode::parse(
      "thresholds: [{metric: a, min_absolute: 2}, {min_absolut: 1}]\nx: 1", "recipe.yaml");
  auto options = GateOptions::from_config(node.value());
  ASSERT_FALSE(options.ok());
  EXPECT_THAT(options.error().message(), HasSubstr("gate.thresholds[0].min_absolute"));
  EXPECT_THAT(options.error().message(), HasSubstr("gate.thresholds[1].min_absolut"));
  EXPECT_THAT(options.error().message(), HasSubstr("unknown key 'gate.x'"));
  EXPECT_FALSE(GateOptions::from_config(ConfigNode()).ok());
}

TEST(EvalReport, survives_writing_and_reading_and_refuses_a_changed_decision) {
  const Pair pair = scored_pair();
  EvalReport report;
  report.base = pair.base;
  report.tuned = pair.tuned;
  report.comparison = compare(pair.base, pair.tuned, 1, 200).value();
  report.gate =
      gate(gate_options("thresholds: [{metric: micro_f1, min_absolute: 0.99}]"), report.comparison)
          .value();
  report.passed = report.gate.passed;
  const std::string text = dump_json(report.to_json());
  EXPECT_EQ(text.find("J45.909"), std::string::npos);
  auto read = EvalReport::from_json(parse_json(text).value());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(dump_json(read->to_json()), text);
  EXPECT_THAT(render_table(*read), HasSubstr("gate: refused"));
  Json changed = parse_json(text).value();
  changed["passed"] = true;
  EXPECT_FALSE(EvalReport::from_json(changed).ok());
  changed["gate"]["passed"] = true;
  EXPECT_FALSE(EvalReport::from_json(changed).ok());
  EXPECT_FALSE(EvalReport::from_json(Json::array()).ok());
}

TEST(ModelScores, predictions_survive_writing_and_reading) {
  const Pair pair = scored_pair();
  std::vector<std::string> lines;
  for (const auto& prediction : pair.tuned.predictions) lines.push_back(to_json_line(prediction));
  auto scores = ModelScores::from_json(pair.tuned.to_json());
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  Lines source(lines);
  ASSERT_TRUE(scores->read_predictions(source).ok());
  EXPECT_TRUE(compare(pair.base, *scores, 1, 100).ok());
  lines.pop_back();
  Lines fewer(lines);
  EXPECT_FALSE(scores->read_predictions(fewer).ok());
  lines.back() = R"({"id":1})";
  Lines broken(lines);
  const auto refused = scores->read_predictions(broken);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("predictions.jsonl:19: must be a text: id"));
}

TEST(EvalOptions, bounds_and_unknown_keys_are_refused_together) {
  auto node =
      ConfigNode::parse("task: code_f2\ntokens_max: 0\nitem_max: 3\nchoices: [a]", "r.yaml");
  auto options = EvalOptions::from_config(node.value());
  ASSERT_FALSE(options.ok());
  for (const char* part : {"eval.task", "eval.tokens_max", "item_max", "eval.choices"}) {
    EXPECT_THAT(options.error().message(), HasSubstr(part));
  }
  auto fine = EvalOptions::from_config(
      ConfigNode::parse("task: code_f1\ntokens_max: 48\nitems_max: 100", "r.yaml").value());
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ(fine->tokens_max, 48);
}

TEST(EvalOptions, grammars_are_made_for_codes_and_choices) {
  EvalOptions options;
  EXPECT_EQ(grammar_text(options, {}), "");
  options.task = EvalTask::kClassification;
  options.grammar = "choices";
  EXPECT_EQ(grammar_text(options, {"yes", "a\"b"}), "root ::= \" \"? (\"yes\" | \"a\\\"b\")\n");
  options.grammar = "codes";
  EXPECT_THAT(grammar_text(options, {}), HasSubstr("code ::= [A-Z] [0-9]"));
}

}  // namespace
}  // namespace residency::eval
