// What a score says of itself beside its figures: shots, repeats, overlap with training data,
// calibration, subgroups, official splits, general text; and models compared with any other.
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/calibration.h"
#include "eval/compare.h"
#include "eval/corpora/benchmarks.h"
#include "eval/eval_report.h"
#include "eval/evaluate.h"
#include "eval/general_text.h"
#include "eval/overlap_check.h"
#include "eval/python_random.h"
#include "eval/report_sections.h"
#include "eval/shots.h"
#include "eval/testing/fake_engine.h"

namespace residency::eval {
namespace {

using evaltest::FakeEngine;
using evaltest::item;
using evaltest::Lines;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kCompletion = dataset::Format::kCompletion;

dataset::Example example(const std::string& line) {
  return dataset::example_from_json_line(line).value();
}

EvalOptions choice_options() {
  EvalOptions options;
  options.task = EvalTask::kMultipleChoice;
  options.choices = {"A", "B"};
  return options;
}

Result<ModelScores> run(FakeEngine& engine, const EvalOptions& options, EvalInputs inputs) {
  NoProgress progress;
  return evaluate(options, engine, std::move(inputs), progress);
}

EvalInputs with_pool(LineSource& test, std::vector<dataset::Example> pool) {
  return EvalInputs{test, std::move(pool), nullptr, "", nullptr, {}};
}

TEST(PythonRandom, DrawsWhatPythonDraws) {
  // Python 3.11: r = random.Random(1234); r.sample(range(1000), 5) and so on, in this order.
  PythonRandom random(1234);
  EXPECT_THAT(random.sample(1000, 5), ElementsAre(989, 796, 451, 119, 7));
  EXPECT_THAT(random.sample(1000, 6), ElementsAre(92, 932, 965, 961, 826, 596));
  EXPECT_THAT(random.sample(10, 4), ElementsAre(0, 1, 8, 6));
  EXPECT_THAT(random.sample(100, 7), ElementsAre(45, 30, 2, 3, 44, 82, 79));
  EXPECT_THAT(random.sample(10178, 5), ElementsAre(7933, 10089, 7594, 2433, 1495));
}

TEST(Shots, StandAsInTheHarness) {
  FakeEngine engine;
  EvalOptions options = choice_options();
  options.shots = 2;
  options.shots_random = false;
  options.repeat_items = 0;
  Lines test({item("t", "Q3\nAnswer:", " A", {"A"}, kCompletion)});
  const auto scores =
      run(engine, options,
          with_pool(test, {example(item("1", "Q1\nAnswer:", " B", {"B"}, kCompletion)),
                           example(item("2", "Q2\nAnswer:", " A", {"A"}, kCompletion))}));
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(engine.prompts_seen.at(0), "Q1\nAnswer: B\n\nQ2\nAnswer: A\n\nQ3\nAnswer:");
  EXPECT_EQ(scores->shots, 2);
}

TEST(Shots, TheDescriptionStandsOnceAndTurnsAreTurns) {
  const std::string head =
      "The following are multiple choice questions (with answers) about anatomy.\n\n";
  const auto shot = example(item("1", head + "Q1\nAnswer:", " B", {"B"}, kCompletion));
  const auto asked = example(item("2", head + "Q2\nAnswer:", " A", {"A"}, kCompletion));
  EXPECT_EQ(shots_prompt({&shot}, asked), head + "Q1\nAnswer: B\n\nQ2\nAnswer:");
  FakeEngine engine;
  EvalOptions options = choice_options();
  options.shots = 1;
  options.repeat_items = 0;
  Lines test({item("t", "Q3", "A", {"A"})});
  ASSERT_TRUE(run(engine, options, with_pool(test, {example(item("1", "Q1", "B", {"B"}))})).ok());
  EXPECT_EQ(engine.prompts_seen.at(0), "<user>Q1<assistant>B<user>Q3<assistant>");
}

TEST(Shots, TooFewAreRefused) {
  FakeEngine engine;
  EvalOptions options = choice_options();
  options.shots = 2;
  Lines test({item("t", "Q", "A", {"A"})});
  const auto scores = run(engine, options, with_pool(test, {example(item("1", "Q", "B", {"B"}))}));
  ASSERT_FALSE(scores.ok());
  EXPECT_THAT(scores.error().message(), HasSubstr("asks for 2"));
}

TEST(Repeat, CountsAnswersThatDiffer) {
  FakeEngine engine;
  int asked = 0;
  engine.answer = [&](std::string_view) { return ++asked > 3 ? "I10" : "E11.9"; };
  Lines test({item("1", "a", "I10", {"I10"}), item("2", "b", "I10", {"I10"}),
              item("3", "c", "I10", {"I10"})});
  EvalOptions options;
  options.repeat_items = 2;
  const auto scores = run(engine, options, with_pool(test, {}));
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ(scores->repeated.items, 2u);
  EXPECT_EQ(scores->repeated.differing, 2u);
  EXPECT_EQ(scores->predictions[0].prediction, "E11.9");  // the first answer counts
  EXPECT_THAT(render_table(*scores), HasSubstr("asked again: 0 of 2 items gave the same answer"));
}

TEST(Overlap, FindsCopiesAndNearDuplicatesAndScoresTheRest) {
  std::string long_text;
  for (int i = 0; i < 60; ++i) long_text += "word" + std::to_string(i) + " ";
  const std::string near = long_text + "changed at the end";
  std::string apart;
  for (int i = 0; i < 60; ++i) apart += "other" + std::to_string(i) + " ";
  Lines training({item("t1", near, "x", {"I10"}), item("t2", "Short one.", "x", {"I10"})});
  Lines test({item("1", long_text, "I10", {"I10"}), item("2", apart, "I10", {"E11.9"}),
              item("3", "short ONE", "I10", {"E11.9"})});
  FakeEngine engine;
  EvalInputs inputs = with_pool(test, {});
  inputs.training = &training;
  const auto scores = run(engine, {}, std::move(inputs));
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  const TrainingOverlap& overlap = scores->overlap;
  EXPECT_TRUE(overlap.known);
  EXPECT_EQ(overlap.train_examples, 2u);
  EXPECT_EQ(overlap.any_gram, 2u);
  EXPECT_EQ(overlap.most_grams, 2u);
  EXPECT_EQ(overlap.near_duplicates, 2u);
  EXPECT_THAT(overlap.ids, ElementsAre("1", "3"));
  EXPECT_EQ(overlap.clean_items, 1u);
  EXPECT_EQ(overlap.clean_value, 0);  // the only right answer was to the copied item
  const auto again = ModelScores::from_json(scores->to_json());
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->overlap.ids, overlap.ids);
}

TEST(Calibration, TenBinsAndTheirError) {
  Calibration calibration;
  calibration.add(0.95, true, 1);
  calibration.add(0.95, false, 1);
  calibration.add(0.30, false, 2);
  // |1 - 1.9| + |0 - 0.6| over four items.
  EXPECT_NEAR(calibration.error(), 1.5 / 4, 1e-12);
  EXPECT_EQ(calibration.bins[9].items, 2u);
  EXPECT_EQ(calibration.bins[2].items, 2u);  // (0.2, 0.3]
  Prediction prediction;
  prediction.logprobs = {std::log(0.2), std::log(0.6)};
  EXPECT_NEAR(confidence_of(prediction), 0.75, 1e-12);
  FakeEngine engine;
  engine.logprob = [](auto, std::string_view choice) { return choice == "A" ? -0.1 : -3.0; };
  Lines test({item("1", "p", "A", {"A"}), item("2", "q", "B", {"B"})});
  const auto scores = run(engine, choice_options(), with_pool(test, {}));
  const double sure = 1 / (1 + std::exp(-2.9));
  EXPECT_NEAR(scores->metrics.at("ece").value, std::abs(0.5 - sure), 1e-12);
  EXPECT_THAT(reliability_svg(*scores, *scores), HasSubstr("accuracy 0.50, 2 items"));
}

TEST(Subgroups, HaveIntervalsOfTheirOwnAndAGap) {
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) {
    auto made = example(item(std::to_string(i), "p" + std::to_string(i), "A", {"A"}));
    made.groups = {{"sex", i % 2 == 0 ? "female" : "male"}};
    lines.push_back(dataset::to_json_line(made));
  }
  Lines test(lines);
  FakeEngine engine;
  engine.logprob = [](std::string_view prompt, std::string_view choice) {
    const int number = std::stoi(std::string(prompt.substr(prompt.find('p') + 1)));
    return (choice == "A") == (number % 2 == 0) ? -0.1 : -2.0;
  };
  const auto scores = run(engine, choice_options(), with_pool(test, {}));
  ASSERT_TRUE(scores.ok()) << scores.error().message();
  EXPECT_EQ(scores->subgroups.at("sex").at("female").items, 20u);
  EXPECT_EQ(scores->subgroups.at("sex").at("female").value.value, 1);
  EXPECT_EQ(scores->subgroups.at("sex").at("male").value.value, 0);
  EXPECT_THAT(subgroup_section(*scores, *scores),
              HasSubstr("largest gap 1.000, between female and male: their intervals do not"));
}

TEST(GeneralTextLosses, PerplexityIsOfEveryTokenButTheFirst) {
  FakeEngine engine;
  const auto losses = general_text_losses(engine, std::string(600, 'x'));
  ASSERT_TRUE(losses.ok()) << losses.error().message();
  EXPECT_EQ(losses->tokens(), 597u);  // three windows
  EXPECT_NEAR(losses->perplexity({1, 1, 1}), std::exp(2.0), 1e-6);
  EXPECT_FALSE(general_text_losses(engine, "short").ok());
  EXPECT_GT(builtin_general_text().size(), 4000u);
}

TEST(GeneralTextLosses, ForgettingIsCompared) {
  FakeEngine engine;
  const auto scored = [&](float logprob) {
    engine.general_logprob = logprob;
    Lines test({item("1", "p", "A", {"A"}), item("2", "q", "B", {"B"})});
    EvalInputs inputs = with_pool(test, {});
    inputs.general_text = std::string(600, 'x');
    return run(engine, choice_options(), std::move(inputs)).value();
  };
  const auto comparison = compare(scored(-2), scored(-3), 1, 200);
  ASSERT_TRUE(comparison.ok()) << comparison.error().message();
  const auto& change = comparison->metrics.at("general_perplexity");
  EXPECT_NEAR(change.difference.value, std::exp(3.0) - std::exp(2.0), 1e-5);
  EXPECT_NEAR(change.relative.value(), std::exp(1.0) - 1, 1e-5);
}

TEST(Compare, AnyOtherModelThroughItsOwnTemplate) {
  FakeEngine engine;
  const auto scored = [&](const std::string& text) {
    Lines test({item("1", text, "A", {"A"}), item("2", "q", "B", {"B"})});
    return run(engine, choice_options(), with_pool(test, {})).value();
  };
  const ModelScores one = scored("p");
  ModelScores other = one;
  other.prompts_sha256 = std::string(64, '0');
  EXPECT_FALSE(compare(one, other, 1, 100).ok());
  const auto comparison = compare(one, other, 1, 100, false);
  ASSERT_TRUE(comparison.ok()) << comparison.error().message();
  EXPECT_TRUE(comparison->prompts_differ);
  EXPECT_FALSE(compare(one, scored("another question"), 1, 100, false).ok());
}

std::vector<dataset::Example> pubmedqa_like(int yes, int no, int maybe) {
  std::vector<dataset::Example> items;
  for (int i = 0; i < yes + no + maybe; ++i) {
    const std::string label = i < yes ? "yes" : i < yes + no ? "no" : "maybe";
    items.push_back(example(item(std::to_string(i), "p", label, {label})));
  }
  return items;
}

OfficialSplit check(const corpora::ReadSplit& read, const std::vector<dataset::Example>& items) {
  std::vector<const dataset::Example*> test;
  for (const auto& one : items) test.push_back(&one);
  return corpora::official_split(read, test).value();
}

TEST(OfficialSplit, OnlyTheWholePublishedSplitIsOfficial) {
  const auto whole = pubmedqa_like(276, 169, 55);
  const corpora::ReadSplit read{"pubmedqa", "pubmedqa", true};
  EXPECT_TRUE(check(read, whole).official());
  EXPECT_FALSE(check({"", "pubmedqa", true}, whole).official());
  EXPECT_THAT(check({"pubmedqa", "pubmedqa", false}, whole).why_not,
              ElementsAre("drawn from the training files"));
  EXPECT_THAT(check({"pubmedqa", "pubmedqa", true, true}, whole).why_not,
              ElementsAre(HasSubstr("a selection")));
  EXPECT_THAT(check(read, pubmedqa_like(276, 169, 54)).why_not,
              ElementsAre("499 items, the published split has 500",
                          "54 maybe, the published split has 55"));
  EXPECT_FALSE(check(read, pubmedqa_like(275, 170, 55)).official());  // a label was altered
  EXPECT_FALSE(corpora::official_split({"unheard_of", "x", true}, {}).ok());
}

TEST(OfficialSplit, ASampleIsNot) {
  FakeEngine engine;
  EvalOptions options;
  options.task = EvalTask::kMultipleChoice;
  const auto items = pubmedqa_like(276, 169, 55);
  const auto scored = [&](std::int64_t items_max) {
    std::vector<std::string> lines;
    for (const auto& one : items) lines.push_back(dataset::to_json_line(one));
    Lines test(lines);
    EvalInputs inputs = with_pool(test, {});
    inputs.split = check({"pubmedqa", "pubmedqa", true}, items);
    options.items_max = items_max;
    options.choices = {"yes", "no", "maybe"};
    return run(engine, options, std::move(inputs)).value();
  };
  EXPECT_TRUE(scored(0).official());
  EXPECT_THAT(render_table(scored(0)), HasSubstr("official test split of pubmedqa, whole"));
  EXPECT_FALSE(scored(100).official());
  EXPECT_THAT(render_table(scored(100)), HasSubstr("not an official score of pubmedqa"));
}

}  // namespace
}  // namespace residency::eval
