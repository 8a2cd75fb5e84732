#include "serve/phi_guardrail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<GuardText> kTexts{{"Call me at 415-555-0132 about it.", "user", ""}};

TEST(PhiGuardrailTest, TheStandingOneLeavesQuestionsAndMasksAnswers) {
  const auto all = phi_guardrails({}).value();
  ASSERT_EQ(all->standing().size(), 1u);
  const auto standing = all->standing().front();
  const auto question = standing->check(GuardSide::kInput, kTexts, false);
  ASSERT_TRUE(question.ok());
  EXPECT_EQ(question->action, GuardDecision::Action::kNone);
  const auto answer = standing->check(GuardSide::kOutput, kTexts, false);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->action, GuardDecision::Action::kMasked);
  EXPECT_THAT(answer->texts.at(0), Not(HasSubstr("555")));
}

TEST(PhiGuardrailTest, AskedForByItsIdItMasksQuestionsToo) {
  const auto all = phi_guardrails({}).value();
  const auto named = all->find("phi", "1");
  ASSERT_TRUE(named.ok());
  const auto question = (*named)->check(GuardSide::kInput, kTexts, false);
  ASSERT_TRUE(question.ok());
  EXPECT_EQ(question->action, GuardDecision::Action::kMasked);
  EXPECT_THAT(question->texts.at(0), Not(HasSubstr("555")));
}

}  // namespace
}  // namespace residency::serve
