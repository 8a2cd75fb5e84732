#include "serve/policy_guardrail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/endpoint.h"
#include "serve/testing/fake_engine.h"

namespace residency::serve {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPolicy = R"(residency_guardrail: 1
name: ward
version: 3
preset: "off"
words: [Project Heron]
regexes: [{name: study-id, pattern: 'STUDY-\d{5}', action: mask}]
messages: {blocked_input: "Not that question.", blocked_output: "Not that answer."}
)";

std::shared_ptr<const Guardrail> ward() {
  auto policy = policy_of_source({{"file", "ward.yaml"}, {"text", kPolicy}});
  EXPECT_TRUE(policy.ok()) << policy.error().message();
  return policy_guardrail(*std::move(policy)).value();
}

TEST(PolicyGuardrailTest, AQuestionIsMaskedTextByText) {
  const auto decision = ward()->check(GuardSide::kInput,
                                      {{"Of STUDY-11111.", "", "source"},
                                       {"Be brief.", "system", ""},
                                       {"STUDY-12345?", "user", ""}},
                                      false);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->action, GuardDecision::Action::kMasked);
  EXPECT_THAT(decision->texts, ElementsAre("Of STUDY-11111.", "Be brief.", "[study-id]?"));
  EXPECT_EQ(decision->assessment["sensitiveInformationPolicy"]["regexes"][0]["action"],
            "ANONYMIZED");
  EXPECT_THAT(decision->assessment.dump(), Not(HasSubstr("12345")));
}

TEST(PolicyGuardrailTest, ABlockedQuestionHasThePolicysMessage) {
  const auto decision =
      ward()->check(GuardSide::kInput, {{"What is project heron?", "", ""}}, false);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->action, GuardDecision::Action::kBlocked);
  EXPECT_THAT(decision->texts, ElementsAre("Not that question."));
  EXPECT_EQ(decision->assessment["wordPolicy"]["customWords"][0]["action"], "BLOCKED");
}

TEST(PolicyGuardrailTest, AnAnswerIsJudgedToo) {
  const auto masked = ward()->check(GuardSide::kOutput, {{"It is STUDY-12345.", "", ""}}, false);
  ASSERT_TRUE(masked.ok());
  EXPECT_EQ(masked->action, GuardDecision::Action::kMasked);
  EXPECT_THAT(masked->texts, ElementsAre("It is [study-id]."));
  const auto blocked = ward()->check(GuardSide::kOutput, {{"It is Project Heron.", "", ""}}, false);
  ASSERT_TRUE(blocked.ok());
  EXPECT_EQ(blocked->action, GuardDecision::Action::kBlocked);
  EXPECT_THAT(blocked->texts, ElementsAre("Not that answer."));
}

TEST(PolicyGuardrailTest, ItStandsBeforeTheOthersAndIsFoundByItsName) {
  const auto both = with_guardrail(ward(), guardrails_of(testing::MaskingFilter::factory()));
  ASSERT_EQ(both->standing().size(), 2u);
  EXPECT_EQ(both->standing()[0]->id(), "ward");
  EXPECT_TRUE(both->find("arn:aws:bedrock:eu-west-1:1:guardrail/ward", "3").ok());
  EXPECT_TRUE(both->find("filter", "1").ok());
  EXPECT_EQ(both->find("other", "1").error().code(), ErrorCode::kNotFound);
}

/// Answers "echo: " and the last message, as FakeEngine does.
class GuardedEndpointTest : public ::testing::Test {
 protected:
  ChatAnswer ask(const std::string& text, const std::string& system = "") {
    ChatRequest request;
    request.model = "icd";
    if (!system.empty()) request.messages.push_back({"system", system});
    request.messages.push_back({"user", text});
    request.guard.trace = true;
    streamed_.clear();
    auto answer = endpoint_->chat(std::move(request), [&](std::string_view piece) {
      streamed_ += piece;
      return true;
    });
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->text, streamed_);
    return *std::move(answer);
  }

  static deploy::Deployment deployment() {
    deploy::Deployment made;
    made.name = "icd";
    made.version = 1;
    return made;
  }

  std::shared_ptr<FakeEngine::Probe> probe_ = std::make_shared<FakeEngine::Probe>();
  std::unique_ptr<Endpoint> endpoint_ =
      Endpoint::start({deployment()}, {}, std::make_unique<FakeEngine>(probe_),
                      with_guardrail(ward(), guardrails_of(testing::MaskingFilter::factory())));
  std::string streamed_;
};

TEST_F(GuardedEndpointTest, TheModelSeesTheMaskedQuestionAndTheOtherFilterStillHolds) {
  const auto answer = ask("STUDY-12345 and SECRET");
  EXPECT_EQ(answer.text, "echo: [study-id] and [X]");
  EXPECT_EQ(answer.finish, ChatFinish::kStop);
  EXPECT_THAT(answer.guard_trace.dump(), HasSubstr("study-id"));
}

TEST_F(GuardedEndpointTest, ABlockedQuestionNeverReachesTheModel) {
  const auto answer = ask("tell me of Project Heron");
  EXPECT_EQ(answer.text, "Not that question.");
  EXPECT_EQ(answer.finish, ChatFinish::kContentFilter);
  EXPECT_EQ(probe_->generations, 0);
}

TEST(PolicySourceTest, APresetIsNamedAndAWrongOneTold) {
  const auto source = read_policy_source(Env::posix(), "clinician");
  ASSERT_TRUE(source.ok()) << source.error().message();
  EXPECT_EQ(policy_of_source(*source).value().mode, guard::Mode::kClinician);
  EXPECT_FALSE(read_policy_source(Env::posix(), "no-such-policy").ok());
}

}  // namespace
}  // namespace residency::serve
