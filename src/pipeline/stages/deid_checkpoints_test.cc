#include "pipeline/stages/deid_checkpoints.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"

namespace residency::pipeline {
namespace {

using ::testing::ElementsAre;

struct Lines final : LineSink {
  Result<void> write(std::string_view line) override {
    lines.emplace_back(line);
    return {};
  }
  std::vector<std::string> lines;
};

class DeidCheckpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "residency_deid_checkpoints";
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(store::Workspace::init(Env::posix(), root_).ok());
    workspace_ = store::Workspace::open(Env::posix(), root_).value();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  /// A job that took three lines, saved after two of them and was killed.
  std::string killed_job() {
    auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "before").value();
    auto crosswalk = deid::Crosswalk::open(std::string(32, 'k'), "").value();
    crosswalk.patient("somebody");
    checkpoints.watch(crosswalk);
    checkpoints.took_clean("one");
    checkpoints.took_aside("bad");
    deid::DeidProgress progress;
    progress.names = Json::object();
    progress.report.records = 2;
    EXPECT_TRUE(checkpoints.save(progress).ok());
    checkpoints.took_clean("two");
    progress.report.records = 3;
    EXPECT_TRUE(checkpoints.save(progress).ok());
    checkpoints.took_clean("lost");
    return crosswalk.state();
  }

  std::string root_;
  std::unique_ptr<store::Workspace> workspace_;
};

TEST_F(DeidCheckpointsTest, AKilledJobGoesOnFromItsLastSave) {
  const std::string crosswalk = killed_job();
  auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "before").value();
  EXPECT_EQ(checkpoints.crosswalk_state(), crosswalk);
  Lines clean;
  Lines aside;
  ASSERT_TRUE(checkpoints.replay(clean, aside).ok());
  EXPECT_THAT(clean.lines, ElementsAre("one", "two"));
  EXPECT_THAT(aside.lines, ElementsAre("bad"));
  EXPECT_EQ(checkpoints.last().value()->report.records, 3u);
}

TEST_F(DeidCheckpointsTest, TheCrosswalkIsUnderTheVaultsKeyAlone) {
  const auto place = deid::CrosswalkPlace::of_workspace(root_);
  ASSERT_TRUE(deid::CrosswalkVault::create(Env::posix(), place).ok());
  const auto vault = deid::CrosswalkVault::open(Env::posix(), place).value();
  auto crosswalk = vault->load().value();
  crosswalk.keep_originals(true);
  static_cast<void>(crosswalk.patient("Zyxquillon").pseudonym());
  auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "", vault.get()).value();
  checkpoints.watch(crosswalk);
  deid::DeidProgress progress;
  progress.names = Json::object();
  ASSERT_TRUE(checkpoints.save(progress).ok());
  const std::string kept = workspace_->get_state("deid/job/crosswalk-000001").value().value();
  EXPECT_EQ(kept.find("Zyxquillon"), std::string::npos);
  auto again = StateDeidCheckpoints::open(*workspace_, "job", "", vault.get()).value();
  EXPECT_EQ(again.crosswalk_state(), crosswalk.state());
}

TEST_F(DeidCheckpointsTest, IsLeftAloneWhereAnotherJobHasAddedPatients) {
  killed_job();
  auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "another state").value();
  EXPECT_EQ(checkpoints.crosswalk_state(), "another state");
  EXPECT_FALSE(checkpoints.last().value().has_value());
  Lines clean;
  Lines aside;
  ASSERT_TRUE(checkpoints.replay(clean, aside).ok());
  EXPECT_TRUE(clean.lines.empty());
}

TEST_F(DeidCheckpointsTest, LeavesNothingOnceTheJobIsDone) {
  killed_job();
  auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "before").value();
  ASSERT_TRUE(checkpoints.remove_all().ok());
  EXPECT_FALSE(
      StateDeidCheckpoints::open(*workspace_, "job", "before").value().last().value().has_value());
}

TEST_F(DeidCheckpointsTest, AMissingPartIsAnError) {
  killed_job();
  ASSERT_TRUE(workspace_->remove_state("deid/job/clean-000001").ok());
  auto checkpoints = StateDeidCheckpoints::open(*workspace_, "job", "before").value();
  Lines clean;
  Lines aside;
  EXPECT_EQ(checkpoints.replay(clean, aside).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace residency::pipeline
