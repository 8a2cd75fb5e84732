// Scores of written texts, the table of codes, predictions that other programs made, grammars.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/code_table.h"
#include "eval/eval_options.h"
#include "eval/finish_scores.h"
#include "eval/given_predictions.h"
#include "eval/scorer.h"
#include "eval/suite.h"
#include "eval/text_overlap.h"

namespace residency::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct TextPair {
  const char* reference;
  const char* written;
  double rouge;  // rouge-score 0.1.2, rougeL F
  double chrf;   // sacrebleu 2, sentence chrF2, in percent
};

constexpr TextPair kPairs[] = {
    {"The patient was given aspirin 81 mg daily.", "Patient given aspirin 81mg daily", 0.615385,
     70.3497},
    {"No acute findings.", "", 0, 0},
    {"Straße nach Zürich – 5 µg", "strasse nach zürich 5 µg", 0.769231, 37.272},
    {"a", "a", 1, 100},
    {"Chest pain, resolved; discharged home.", "Discharged home. Chest pain resolved", 0.6,
     74.8825},
};

TEST(TextOverlap, AgreesWithRougeScoreAndSacrebleu) {
  CharacterGrams sums;
  for (const TextPair& pair : kPairs) {
    SCOPED_TRACE(pair.reference);
    EXPECT_NEAR(rouge_l(pair.reference, pair.written), pair.rouge, 1e-6);
    const auto grams = character_grams(pair.reference, pair.written);
    EXPECT_NEAR(100 * chrf(grams), pair.chrf, 1e-4);
    for (std::size_t n = 0; n < CharacterGrams::kOrders; ++n) {
      sums.orders[n].written += grams.orders[n].written;
      sums.orders[n].reference += grams.orders[n].reference;
      sums.orders[n].both += grams.orders[n].both;
    }
  }
  EXPECT_NEAR(100 * chrf(sums), 57.23150986671379, 1e-6);  // the corpus score
}

TEST(TextOverlap, IsTheTaskGenerationsScore) {
  std::string lines;
  for (const TextPair& pair : kPairs)
    lines += dump_json({{"reference", pair.reference}, {"prediction", pair.written}}) + "\n";
  const auto predictions = read_given_predictions(lines, EvalTask::kGeneration, "p.jsonl");
  ASSERT_TRUE(predictions.ok()) << predictions.error().message();
  const Scorer scorer(EvalTask::kGeneration, *predictions, {});
  EXPECT_THAT(scorer.names(), ElementsAre("rouge_l", "chrf", "exact_match", "parse_failure_rate",
                                          "not_asked_rate"));
  const auto values = scorer.values({1, 1, 1, 1, 1});
  EXPECT_NEAR(values[0], (0.615385 + 0 + 0.769231 + 1 + 0.6) / 5, 1e-6);
  EXPECT_NEAR(values[1], 0.5723150986671379, 1e-8);
  EXPECT_NEAR(values[2], 0.2, 1e-12);
  EXPECT_NEAR(values[3], 0.2, 1e-12);
}

constexpr const char* kOrderFile =
    "00001 A00     0 Cholera                                                      Cholera\n"
    "00002 A000    1 Cholera due to Vibrio cholerae 01, biovar cholerae           Cholera due to "
    "Vibrio cholerae 01, biovar cholerae\n"
    "00003 E1165   1 Type 2 diabetes mellitus with hyperglycemia                  Type 2 diabetes "
    "mellitus with hyperglycemia\n";

TEST(CodeTable, ReadsTheOrderFileAndRollsUpWhatItHas) {
  const auto table = CodeTable::parse(kOrderFile, "order.txt");
  ASSERT_TRUE(table.ok()) << table.error().message();
  EXPECT_EQ(table->size(), 3u);
  EXPECT_TRUE(table->has("a00.0"));
  EXPECT_TRUE(table->billable("A000"));
  EXPECT_FALSE(table->billable("A00"));
  EXPECT_EQ(table->title("E11.65"), "Type 2 diabetes mellitus with hyperglycemia");
  EXPECT_EQ(table->category("E11.65"), "E11");
  EXPECT_EQ(table->chapter("E11.65"), "E00-E89");
  EXPECT_EQ(table->category("E11.66"), "");  // looks like a code and is none
  EXPECT_EQ(table->chapter("E11.66"), "");
}

TEST(CodeTable, ReadsListsAndNamesBadLines) {
  const auto list = CodeTable::parse("# ours\nE11.9\tDiabetes\r\nI10\n", "list.tsv");
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE(list->billable("i10"));
  const auto bad = CodeTable::parse("I10\nnot a code\n", "list.tsv");
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("list.tsv:2"));
  EXPECT_FALSE(CodeTable::parse("\n# nothing\n", "list.tsv").ok());
}

TEST(CodeTable, UnknownCodesAreARate) {
  const auto table = CodeTable::parse(kOrderFile, "order.txt").value();
  ModelScores scores;
  scores.predictions = read_given_predictions(R"({"labels":["A00.0"],"parsed":["A00.0","E11.66"]})"
                                              "\n"
                                              R"({"labels":["I10"],"parsed":["E11.65"]})",
                                              EvalTask::kCodeF1, "p")
                           .value();
  scores.items = scores.items_in_set = 2;
  check_codes(table, scores);
  EvalOptions options;
  fill_metrics(options, scores);
  EXPECT_NEAR(scores.metrics.at("unknown_code_rate").value, 1.0 / 3, 1e-12);
  EXPECT_EQ(scores.gold_unknown_codes, 1u);
  // A00-B99 is right once, E00-E89 given twice in vain, I00-I99 missed: F1 = 2*1 / (2 + 3).
  EXPECT_NEAR(scores.metrics.at("chapter_micro_f1").value, 2.0 / 5, 1e-12);
  EXPECT_NEAR(scores.metrics.at("precision_at_5").value, 1.0 / 10, 1e-12);
  EXPECT_TRUE(lower_is_better("unknown_code_rate"));
}

TEST(GivenPredictions, ColumnsAreSentences) {
  const char* const columns =
      "The DT O O\naspirin NN B-Chem B-Chem\n\n\nlung NN B-Dis O\ncancer NN I-Dis B-Dis\n";
  const auto read = read_prediction_columns(columns, TagScheme::kLenient, "t.tsv");
  ASSERT_TRUE(read.ok()) << read.error().message();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_THAT((*read)[0].labels, ElementsAre("1-2:Chem"));
  EXPECT_TRUE((*read)[0].correct);
  EXPECT_THAT((*read)[1].labels, ElementsAre("0-2:Dis"));
  EXPECT_THAT((*read)[1].parsed, ElementsAre("1-2:Dis"));
  for (const char* bad : {"one\n", "a O\n", "a O X-\n", ""}) {
    SCOPED_TRACE(bad);
    EXPECT_FALSE(read_prediction_columns(bad, TagScheme::kLenient, "t.tsv").ok());
  }
}

TEST(GivenPredictions, LinesOfEveryTaskAndBadOnes) {
  const auto entities = read_given_predictions(
      R"({"labels":[{"start":0,"end":3,"type":"A"},"5-9:B"],"parsed":["0-3:A"]})",
      EvalTask::kEntities, "p");
  ASSERT_TRUE(entities.ok()) << entities.error().message();
  EXPECT_THAT(entities->front().labels, ElementsAre("0-3:A", "5-9:B"));
  const auto classes = read_given_predictions(R"({"label":"yes","prediction":null})",
                                              EvalTask::kClassification, "p");
  ASSERT_TRUE(classes.ok());
  EXPECT_FALSE(classes->front().readable);
  for (const char* bad :
       {"[]", "{}", R"({"labels":[1]})", R"({"labels":"x","parsed":[]})",
        R"({"label":"a","prediction":3})", R"({"labels":[{"start":3,"end":1,"type":"A"}]})"}) {
    SCOPED_TRACE(bad);
    const auto read = read_given_predictions(bad, EvalTask::kEntities, "p.jsonl");
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(read.error().message(), HasSubstr("p.jsonl:1"));
  }
}

TEST(Grammar, EntitiesAndListsOfCodes) {
  EvalOptions options;
  options.task = EvalTask::kEntities;
  options.grammar = "entities";
  EXPECT_THAT(grammar_text(options, {"Chemical", "Disease"}),
              HasSubstr("type ::= \"Chemical\" | \"Disease\""));
  options.task = EvalTask::kCodeF1;
  options.grammar = "choices";
  EXPECT_THAT(grammar_text(options, {"I10", "E11.9"}), HasSubstr("(\", \" code)*"));
}

SuiteEntry entry(int base_right, int tuned_right, int items) {
  SuiteEntry made;
  made.report = "r";
  for (ModelScores* scores : {&made.base, &made.tuned}) {
    std::string lines;
    const int right = scores == &made.base ? base_right : tuned_right;
    for (int i = 0; i < items; ++i)
      lines += dump_json({{"label", "a"}, {"prediction", i < right ? "a" : "b"}}) + "\n";
    scores->task = EvalTask::kClassification;
    scores->predictions = read_given_predictions(lines, EvalTask::kClassification, "p").value();
    scores->items = scores->items_in_set = scores->predictions.size();
    EvalOptions options;
    options.task = EvalTask::kClassification;
    fill_metrics(options, *scores);
  }
  made.gate.passed = true;
  return made;
}

TEST(Suite, TheMeanHasItsIntervalAndItsGate) {
  SuiteOptions options;
  options.names = {"one", "two"};
  options.metrics = {"", "accuracy"};
  options.mean_min_relative_improvement = 0.4;
  const auto suite = make_suite(options, {entry(20, 40, 80), entry(40, 60, 80)});
  ASSERT_TRUE(suite.ok()) << suite.error().message();
  EXPECT_NEAR(suite->base.value, (0.25 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(suite->tuned.value, (0.5 + 0.75) / 2, 1e-12);
  EXPECT_NEAR(suite->relative.value, 2.0 / 3, 1e-12);
  EXPECT_LT(suite->relative.low, suite->relative.value);
  EXPECT_GT(suite->relative.high, suite->relative.value);
  EXPECT_TRUE(suite->gate.passed);
  const auto again = SuiteReport::from_json(suite->to_json());
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->to_json(), suite->to_json());
  EXPECT_THAT(render_table(*suite), HasSubstr("+67 %"));
}

TEST(Suite, OneWorseBenchmarkRefuses) {
  SuiteOptions options;
  options.names = {"one", "two"};
  options.metrics = {"accuracy", "accuracy"};
  auto suite = make_suite(options, {entry(10, 70, 80), entry(41, 40, 80)}).value();
  EXPECT_FALSE(suite.gate.passed);
  EXPECT_THAT(suite.gate.reasons(), ElementsAre(HasSubstr("two accuracy is 0.5, demanded not")));
  options.none_worse = false;
  options.mean_min_absolute = 0.9;
  suite = make_suite(options, {entry(10, 70, 80), entry(41, 40, 80)}).value();
  EXPECT_THAT(suite.gate.reasons(), ElementsAre(HasSubstr("mean is 0.6875, demanded at least")));
  options.metrics = {"accuracy", "nonsense"};
  EXPECT_FALSE(make_suite(options, {entry(1, 2, 8), entry(1, 2, 8)}).ok());
  EXPECT_FALSE(make_suite(options, {entry(1, 2, 8)}).ok());
}

}  // namespace
}  // namespace residency::eval
