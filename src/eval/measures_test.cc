// Levels, curves and decisions: measures beside accuracy and F1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/decision.h"
#include "eval/label_measures.h"
#include "eval/scorer.h"

namespace residency::eval {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

Prediction item(std::vector<std::string> gold, std::vector<std::string> parsed,
                std::vector<double> logprobs = {}) {
  Prediction prediction;
  prediction.labels = std::move(gold);
  prediction.parsed = std::move(parsed);
  prediction.logprobs = std::move(logprobs);
  prediction.readable = !prediction.parsed.empty();
  prediction.correct = prediction.labels == prediction.parsed;
  return prediction;
}

double metric(const Scorer& scorer, const std::string& name) {
  const auto values = scorer.values(std::vector<std::uint32_t>(scorer.items(), 1));
  EXPECT_EQ(values.size(), scorer.names().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scorer.names()[i] == name) return values[i];
  }
  ADD_FAILURE() << "no metric " << name;
  return -1;
}

TEST(Levels, KappaIsCohens) {
  // 1 - (10 / 8) / (194 / 64): squared distances of the items, and of all pairs of gold and said.
  const std::vector<Prediction> items{item({"1"}, {"1"}), item({"2"}, {"2"}), item({"3"}, {"4"}),
                                      item({"4"}, {"4"}), item({"5"}, {"3"}), item({"2"}, {"2"}),
                                      item({"3"}, {"1"}), item({"1"}, {"2"})};
  const Scorer scorer(EvalTask::kClassification, items, {"1", "2", "3", "4", "5"});
  EXPECT_NEAR(metric(scorer, "quadratic_kappa"), 1 - (10.0 / 8) / (194.0 / 64), 1e-9);
  EXPECT_NEAR(metric(scorer, "above_gold_rate"), 2.0 / 8, 1e-9);
  EXPECT_NEAR(metric(scorer, "below_gold_rate"), 2.0 / 8, 1e-9);
  EXPECT_EQ(scorer.names().front(), "accuracy");
}

TEST(Levels, NoAnswerIsFarthestAndInNoRate) {
  const std::vector<Prediction> items{item({"1"}, {}), item({"2"}, {"2"}), item({"3"}, {"3"})};
  const Scorer scorer(EvalTask::kClassification, items, {"1", "2", "3"});
  EXPECT_NEAR(metric(scorer, "above_gold_rate"), 0, 1e-9);
  const Scorer same(EvalTask::kClassification,
                    {item({"1"}, {"3"}), item({"2"}, {"2"}), item({"3"}, {"3"})}, {"1", "2", "3"});
  EXPECT_NEAR(metric(scorer, "quadratic_kappa"), metric(same, "quadratic_kappa"), 1e-9);
}

TEST(Levels, WordsAndPairsOfNumbersAreNone) {
  const Scorer words(EvalTask::kClassification, {item({"yes"}, {"1"}), item({"2"}, {"2"})}, {});
  EXPECT_THAT(words.names(), Not(Contains("quadratic_kappa")));
  const Scorer two(EvalTask::kClassification, {item({"0"}, {"1"}), item({"1"}, {"1"})}, {});
  EXPECT_THAT(two.names(), Not(Contains("quadratic_kappa")));
}

TEST(RocAuc, CountsPairsAndTies) {
  // Scores of "x": 2, 1, 0, 0, -1; positives are the first, third and fourth.
  const std::vector<std::string> choices{"none", "x"};
  const std::vector<Prediction> items{item({"x"}, {"x"}, {-2, 0}), item({"none"}, {"x"}, {-1, 0}),
                                      item({"x"}, {"x"}, {-1, -1}), item({"x"}, {"none"}, {0, 0}),
                                      item({"none"}, {"none"}, {0, -1})};
  const Scorer scorer(EvalTask::kClassification, items, choices, "none");
  EXPECT_NEAR(metric(scorer, "roc_auc"), 4.0 / 6, 1e-9);
  // Weights stand for repeated items; without one class there is nothing to rank.
  const auto at = [&](std::vector<std::uint32_t> weights) {
    const auto values = scorer.values(weights);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (scorer.names()[i] == "roc_auc") return values[i];
    }
    return -1.0;
  };
  EXPECT_NEAR(at({1, 2, 1, 0, 1}), (3.0 + 1.0) / 6, 1e-9);
  EXPECT_NEAR(at({1, 0, 1, 1, 0}), 0.5, 1e-9);
  const Scorer tie(EvalTask::kClassification,
                   {item({"x"}, {"x"}, {-1, -1}), item({"none"}, {"x"}, {-2, -2})}, choices,
                   "none");
  EXPECT_NEAR(metric(tie, "roc_auc"), 0.5, 1e-9);
  const Scorer unsaid(EvalTask::kClassification, {item({"x"}, {"x"}), item({"none"}, {"x"})},
                      choices, "none");
  EXPECT_THAT(unsaid.names(), Not(Contains("roc_auc")));
}

TEST(Decision, ReadsDecisionAndReasons) {
  const std::vector<std::string> decisions{"approve", "deny", "pend"};
  const std::set<std::string> reasons{"C1 not met", "C2 not documented", "C12 not met"};
  EXPECT_THAT(
      *read_decision("deny\nReasons: C1 not met: too short; c2 not documented", decisions, reasons),
      ElementsAre("deny", "C1 not met", "C2 not documented"));
  EXPECT_THAT(*read_decision("Approve. All criteria met, not denied", decisions, reasons),
              ElementsAre("approve"));
  EXPECT_THAT(*read_decision("pend\nReasons: C12 not met", decisions, reasons),
              ElementsAre("pend", "C12 not met"));
  EXPECT_FALSE(read_decision("C1 not met", decisions, reasons));
  EXPECT_FALSE(read_decision("", decisions, reasons));
}

TEST(Decision, ScoresBoth) {
  const std::vector<Prediction> items{
      item({"deny", "C1 not met"}, {"deny", "C1 not met"}),
      item({"deny", "C1 not met", "C2 not met"}, {"deny", "C2 not met"}),
      item({"approve"}, {"deny", "C1 not met"}),
      item({"approve"}, {}),
  };
  const Scorer scorer(EvalTask::kDecision, items, {"approve", "deny"});
  EXPECT_NEAR(metric(scorer, "accuracy"), 0.5, 1e-9);
  EXPECT_NEAR(metric(scorer, "macro_f1"), (0 + 2.0 * 2 / 5) / 2, 1e-9);
  EXPECT_NEAR(metric(scorer, "reasons_micro_f1"), 2.0 * 2 / (3 + 3), 1e-9);
  EXPECT_NEAR(metric(scorer, "exact_match"), 0.25, 1e-9);
  EXPECT_NEAR(metric(scorer, "parse_failure_rate"), 0.25, 1e-9);
}

}  // namespace
}  // namespace residency::eval
