#include "deploy/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/base_check.h"
#include "deploy/testing/memory_workspace.h"

namespace residency::deploy {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDigest(64, 'a');

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    adapter_ = workspace_.add("adapter", "adapter.gguf", "A", {}, {{"base_sha256", kDigest}});
    report_ = add_report(adapter_, true);
  }

  std::string add_report(const std::string& model, bool passed,
                         const std::string& base_sha256 = kDigest) {
    ++reports_;
    std::vector<std::string> parents;
    if (!model.empty()) parents.push_back(model);
    return workspace_.add("report", "report.json", std::to_string(reports_), parents,
                          {{"gate", {{"passed", passed}}}, {"base_sha256", base_sha256}});
  }

  DeployOptions options(const std::string& model, const std::string& report) {
    DeployOptions made;
    made.name = "icd";
    made.model_artifact = model;
    made.base = {"/models/base.gguf", kDigest, ""};
    made.report_artifact = report;
    return made;
  }

  DeployOptions second() {
    const auto adapter = workspace_.add("adapter", "adapter.gguf", "B");
    return options(adapter, add_report(adapter, true));
  }

  ErrorCode refused(const DeployOptions& wanted) {
    const auto outcome = registry_.deploy(wanted);
    return outcome.ok() ? ErrorCode::kInternal : outcome.error().code();
  }

  testing::MemoryWorkspace workspace_;
  testing::MemoryAuditLog audit_;
  Registry registry_{workspace_, audit_};
  std::string adapter_;
  std::string report_;
  int reports_ = 0;
};

TEST_F(RegistryTest, WhatPassedItsGateBecomesTheActiveVersion) {
  const auto made = registry_.deploy(options(adapter_, report_));
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->version, 1);
  EXPECT_EQ(made->state, DeploymentState::kActive);
  EXPECT_TRUE(made->gate_passed);
  const auto found = registry_.get("icd");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->model_artifact, adapter_);
  EXPECT_EQ(found->base.sha256, kDigest);
  EXPECT_TRUE(workspace_.has_artifact(found->artifact));
  ASSERT_EQ(audit_.events.size(), 1u);
  EXPECT_EQ(audit_.events[0].type, "deploy.create");
  EXPECT_THAT(audit_.events[0].objects, Contains(adapter_));
}

TEST_F(RegistryTest, AGateThatDidNotPassIsRefusedAndAudited) {
  EXPECT_EQ(refused(options(adapter_, add_report(adapter_, false))), ErrorCode::kGateRefused);
  EXPECT_FALSE(registry_.get("icd").ok());
  ASSERT_EQ(audit_.events.size(), 1u);
  EXPECT_EQ(audit_.events[0].type, "deploy.refuse");
  EXPECT_EQ(audit_.events[0].reason_code, "gate_refused");
  EXPECT_TRUE(workspace_.list_artifacts("deployment")->empty());
}

TEST_F(RegistryTest, AReportWithoutADecisionOrOfAnotherTypeIsRefused) {
  const auto no_gate =
      workspace_.add("report", "report.json", "x", {adapter_}, {{"base_sha256", kDigest}});
  EXPECT_EQ(refused(options(adapter_, no_gate)), ErrorCode::kGateRefused);
  const auto text = workspace_.add("report", "report.json", "y", {adapter_},
                                   {{"base_sha256", kDigest}, {"gate", {{"passed", "true"}}}});
  EXPECT_EQ(refused(options(adapter_, text)), ErrorCode::kGateRefused);
  EXPECT_EQ(refused(options(adapter_, adapter_)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused(options(adapter_, "report-none")), ErrorCode::kNotFound);
}

TEST_F(RegistryTest, ARefusalGivesTheFirstReasonAndAContradictionIsRefused) {
  const auto add = [&](const char* bytes, const Json& gate) {
    return workspace_.add("report", "report.json", bytes, {adapter_},
                          {{"base_sha256", kDigest}, {"gate", gate}});
  };
  const auto low = add("low", {{"passed", false}, {"reasons", {"micro_f1 is 0.2"}}});
  EXPECT_THAT(registry_.deploy(options(adapter_, low)).error().message(),
              HasSubstr("micro_f1 is 0.2"));
  const auto odd = add("odd", {{"passed", true}, {"checks", {{{"passed", false}}}}});
  EXPECT_EQ(refused(options(adapter_, odd)), ErrorCode::kGateRefused);
  const auto fine = add("fine", {{"passed", true}, {"checks", {{{"passed", true}}}}});
  EXPECT_TRUE(registry_.deploy(options(adapter_, fine)).ok());
}

TEST_F(RegistryTest, AReportAboutAnotherModelOrBaseIsRefused) {
  const auto other = workspace_.add("adapter", "adapter.gguf", "other");
  EXPECT_EQ(refused(options(adapter_, add_report(other, true))), ErrorCode::kGateRefused);
  EXPECT_EQ(refused(options(adapter_, add_report("", true))), ErrorCode::kGateRefused);
  EXPECT_EQ(refused(options("", report_)), ErrorCode::kGateRefused);
  EXPECT_EQ(refused(options(adapter_, add_report(adapter_, true, std::string(64, 'b')))),
            ErrorCode::kGateRefused);
  EXPECT_EQ(refused(options(adapter_, "")), ErrorCode::kGateRefused);
}

TEST_F(RegistryTest, AReportMayNameItsBaseAsAParent) {
  const auto base = workspace_.add("base", "base.json", "b");
  const auto report = workspace_.add("report", "report.json", "z", {adapter_, base},
                                     {{"gate", {{"passed", true}}}});
  auto wanted = options(adapter_, report);
  EXPECT_EQ(refused(wanted), ErrorCode::kGateRefused);
  wanted.base.artifact = base;
  EXPECT_TRUE(registry_.deploy(wanted).ok());
}

TEST_F(RegistryTest, AnAdapterOfAnotherBaseIsRefused) {
  const auto other =
      workspace_.add("adapter", "adapter.gguf", "o", {}, {{"base_sha256", std::string(64, 'c')}});
  EXPECT_EQ(refused(options(other, add_report(other, true))), ErrorCode::kInvalidArgument);
}

TEST_F(RegistryTest, AnOverrideIsKeptInRecordArtifactAndAudit) {
  auto wanted = options(adapter_, add_report(adapter_, false));
  wanted.override_by = Override{"Dr A. Example", "pilot on synthetic notes only"};
  const auto made = registry_.deploy(wanted);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_FALSE(made->gate_passed);
  const auto kept = registry_.get("icd");
  ASSERT_TRUE(kept.ok() && kept->override_by);
  EXPECT_EQ(kept->override_by->reason, "pilot on synthetic notes only");
  EXPECT_THAT(*workspace_.read_blob(kept->artifact, "deployment.json"), HasSubstr("pilot on"));
  EXPECT_EQ(audit_.events[0].counts.at("override"), 1);
  EXPECT_THAT(audit_.events[0].objects, Contains("person:Dr-A.-Example"));
  for (const auto& object : audit_.events[0].objects) EXPECT_THAT(object, Not(HasSubstr("pilot")));
}

TEST_F(RegistryTest, AnOverrideNeedsAPersonAndAReason) {
  auto wanted = options(adapter_, add_report(adapter_, false));
  wanted.override_by = Override{"", "long enough a reason"};
  EXPECT_EQ(refused(wanted), ErrorCode::kInvalidArgument);
  wanted.override_by = Override{"   ", "long enough a reason"};
  EXPECT_EQ(refused(wanted), ErrorCode::kInvalidArgument);
  wanted.override_by = Override{"A", "short"};
  EXPECT_EQ(refused(wanted), ErrorCode::kInvalidArgument);
  wanted.override_by = Override{"A", "two\nlines of reason"};
  EXPECT_EQ(refused(wanted), ErrorCode::kInvalidArgument);
}

TEST_F(RegistryTest, AllProblemsOfTheOptionsAreReportedAtOnce) {
  DeployOptions wanted;
  wanted.name = "Bad Name";
  wanted.base.sha256 = "12";
  const auto outcome = registry_.deploy(wanted);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message(), HasSubstr("deployment name"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("base path"));
  EXPECT_THAT(outcome.error().message(), HasSubstr("base digest"));
}

TEST_F(RegistryTest, DeployingTheSameAgainChangesNothing) {
  ASSERT_TRUE(registry_.deploy(options(adapter_, report_)).ok());
  const auto before = workspace_.records;
  const auto again = registry_.deploy(options(adapter_, report_));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->version, 1);
  EXPECT_EQ(workspace_.records, before);
}

TEST_F(RegistryTest, VersionsRiseAndRollbackGoesToTheVersionActiveBefore) {
  ASSERT_TRUE(registry_.deploy(options(adapter_, report_)).ok());
  const auto made = registry_.deploy(second());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->version, 2);
  const auto back = registry_.rollback("icd");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->version, 1);
  EXPECT_EQ(registry_.get("icd")->version, 1);
  EXPECT_EQ(registry_.get("icd", 2)->state, DeploymentState::kStandby);
  EXPECT_EQ(registry_.rollback("icd").error().code(), ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(registry_.promote("icd", 2).ok());
  EXPECT_EQ(registry_.get("icd")->version, 2);
  EXPECT_EQ(audit_.events.back().type, "deploy.promote");
}

TEST_F(RegistryTest, StandbyDoesNotAnswerUntilPromoted) {
  auto wanted = options(adapter_, report_);
  wanted.activate = false;
  ASSERT_TRUE(registry_.deploy(wanted).ok());
  EXPECT_EQ(registry_.get("icd").error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(registry_.promote("icd", 9).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(registry_.promote("icd", 1).ok());
  EXPECT_TRUE(registry_.get("icd").ok());
}

TEST_F(RegistryTest, WithoutAnAuditEventNothingChanges) {
  audit_.fail = true;
  EXPECT_EQ(refused(options(adapter_, report_)), ErrorCode::kIoError);
  EXPECT_FALSE(registry_.get("icd").ok());
}

TEST_F(RegistryTest, ABrokenRecordIsAnErrorNotACrash) {
  for (const auto& broken :
       {Json(1), Json::object(), Json{{"versions", Json::array()}, {"activated", {"x"}}},
        Json{{"versions", Json::array()}, {"activated", Json::array()}, {"active", 3}},
        Json{{"versions", {{{"version", 1}}}}, {"activated", Json::array()}}}) {
    workspace_.records["deployment"]["icd"] = broken;
    EXPECT_EQ(registry_.get("icd").error().code(), ErrorCode::kCorrupt) << broken.dump();
  }
}

TEST(BaseCheckTest, AFileWithAnotherDigestIsCorrupt) {
  const testing::TemporaryFile file("abc");
  ASSERT_TRUE(file.written());
  BaseModel base{file.path(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                 ""};
  EXPECT_TRUE(verify_base(Env::posix(), base).ok());
  base.sha256[0] = 'c';
  EXPECT_EQ(verify_base(Env::posix(), base).error().code(), ErrorCode::kCorrupt);
  base.path += ".missing";
  EXPECT_EQ(verify_base(Env::posix(), base).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace residency::deploy
