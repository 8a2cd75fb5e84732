#include <cmath>
#include <gtest/gtest.h>

#include "deid/proof/interval.h"
#include "deid/proof/risk.h"

namespace residency::deid {
namespace {

TEST(Interval, IncompleteBetaHasItsKnownValues) {
  EXPECT_NEAR(incomplete_beta(1, 1, 0.3), 0.3, 1e-14);
  EXPECT_NEAR(incomplete_beta(2, 3, 0.5), 0.6875, 1e-14);
  EXPECT_NEAR(incomplete_beta(0.5, 0.5, 0.5), 0.5, 1e-14);
  EXPECT_NEAR(incomplete_beta(5, 1, 0.9), std::pow(0.9, 5), 1e-13);
  EXPECT_NEAR(incomplete_beta(2000, 3000, 0.4), 0.5, 5e-3);
}

TEST(Interval, ClopperPearsonAgreesWithPublishedValues) {
  // None of n: the upper end is 1 - (0.025)^(1/n).
  EXPECT_NEAR(clopper_pearson(0, 300).high, 1 - std::pow(0.025, 1.0 / 300), 1e-10);
  EXPECT_EQ(clopper_pearson(0, 300).low, 0);
  // 10 of 100 (Newcombe 1998's method 5 gives 0.0490 to 0.1762).
  EXPECT_NEAR(clopper_pearson(10, 100).low, 0.0490, 5e-5);
  EXPECT_NEAR(clopper_pearson(10, 100).high, 0.1762, 5e-5);
  EXPECT_EQ(clopper_pearson(7, 7).high, 1);
  EXPECT_EQ(clopper_pearson(0, 0).high, 1);
}

TEST(Interval, RuleOfThreeIsNearTheOneSidedBound) {
  EXPECT_NEAR(rule_of_three(1000), 1 - std::pow(0.05, 1.0 / 1000), 1e-5);
  EXPECT_EQ(rule_of_three(0), 1);
  EXPECT_EQ(rule_of_three(2), 1);
}

TEST(Interval, ChapmanByHand) {
  // 51 * 41 / 31 - 1 = 66.4516; seen 50 + 40 - 30 = 60.
  const auto estimate = chapman(50, 40, 30);
  ASSERT_TRUE(estimate.has_value());
  EXPECT_NEAR(estimate->total, 66.4516, 1e-4);
  EXPECT_NEAR(estimate->missed, 6.4516, 1e-4);
  EXPECT_LE(estimate->missed_range.low, estimate->missed);
  EXPECT_GE(estimate->missed_range.high, estimate->missed);
  EXPECT_FALSE(chapman(3, 3, 4).has_value());
  EXPECT_EQ(chapman(0, 0, 0)->missed, 0);
}

TEST(Interval, KappaByHand) {
  // Cohen's form: agreed 0.7, chance 0.5.
  EXPECT_NEAR(*cohen_kappa(20, 5, 10, 15), 0.4, 1e-12);
  EXPECT_EQ(*cohen_kappa(0, 0, 0, 9), 1.0);
  EXPECT_FALSE(cohen_kappa(0, 0, 0, 0).has_value());
}

TEST(Risk, GroupsByHand) {
  const std::vector<RiskRow> rows{{{"1950", "941"}, "E11"}, {{"1950", "941"}, "I10"},
                                  {{"1950", "941"}, "I10"}, {{"1960", "941"}, "E11"},
                                  {{"1970", "943"}, "J45"}, {{"1970", "943"}, "J45"}};
  const auto report = risk_of({"birth_year", "zip3"}, rows, 3);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->k, 1u);
  EXPECT_EQ(report->classes, 3u);
  EXPECT_EQ(report->unique, 1u);
  EXPECT_EQ(report->below_k, 3u);
  EXPECT_DOUBLE_EQ(report->prosecutor_max, 1.0);
  EXPECT_DOUBLE_EQ(report->marketer, 0.5);
  EXPECT_EQ(report->l, 1u);
  EXPECT_DOUBLE_EQ(report->l_entropy, 1.0);
  // The third group is J45 alone: half of |1 - 1/3| + 1/3 + 1/3.
  EXPECT_NEAR(report->t, 2.0 / 3, 1e-12);
  ASSERT_EQ(report->without.size(), 2u);
  EXPECT_EQ(report->without[0].k, 2u) << "without the year: 4 of 941, 2 of 943";
  EXPECT_EQ(report->without[1].unique, 1u);
}

TEST(Risk, EmptyAndUnevenTables) {
  EXPECT_EQ(risk_of({"a"}, {}, 5)->rows, 0u);
  EXPECT_FALSE(risk_of({}, {{{}, ""}}, 5).ok());
  EXPECT_FALSE(risk_of({"a", "b"}, {{{"1"}, ""}}, 5).ok());
}

TEST(Risk, TheReportHoldsNoValue) {
  const auto report = risk_of({"zip3"}, {{{"99999999"}, "Zyxquillon"}}, 2);
  const std::string text = report->to_json().dump();
  EXPECT_EQ(text.find("Zyxquillon"), std::string::npos);
  EXPECT_EQ(text.find("99999999"), std::string::npos);
}

}  // namespace
}  // namespace residency::deid
