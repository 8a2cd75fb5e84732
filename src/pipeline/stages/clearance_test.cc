#include "pipeline/stages/clearance.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"

namespace residency::pipeline {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kDayMs = 24 * 3600 * 1000;

class ClearanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "residency_clearance";
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(store::Workspace::init(Env::posix(), root_).ok());
    workspace_ = store::Workspace::open(Env::posix(), root_).value();
    now_ms_ = Env::posix().now_unix_ms();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  store::Manifest artifact(const std::string& kind, std::vector<std::string> parents,
                           Json properties) {
    auto writer = workspace_->write_artifact().value();
    EXPECT_TRUE(writer->begin("lines.jsonl").ok());
    // What an artifact holds names it: two of one content would be one.
    EXPECT_TRUE(writer->append(kind + dump_json(properties) + "\n").ok());
    store::Manifest manifest;
    manifest.kind = kind;
    manifest.parents = std::move(parents);
    manifest.properties = std::move(properties);
    return writer->commit(std::move(manifest)).value();
  }

  std::string root_;
  std::unique_ptr<store::Workspace> workspace_;
  std::int64_t now_ms_ = 0;
};

TEST_F(ClearanceTest, ACertificateLastsItsDaysAndNoLonger) {
  const Json certificate{{"method", "safe_harbor"}, {"expires_days", 30}};
  const auto corpus = artifact("corpus.clean", {}, {{"certificate", certificate}});
  const auto dataset = artifact("dataset", {corpus.id}, {{"certificate", certificate}});
  EXPECT_TRUE(check_clearance(*workspace_, dataset, now_ms_).ok());
  EXPECT_TRUE(check_clearance(*workspace_, dataset, now_ms_ + 29 * kDayMs).ok());
  // A job that was interrupted and goes on a month later is asked again.
  const auto late = check_clearance(*workspace_, dataset, now_ms_ + 31 * kDayMs);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(late.error().message(), HasSubstr("expired on"));
  EXPECT_THAT(late.error().message(), HasSubstr(corpus.id));
}

TEST_F(ClearanceTest, WithoutACertificateAPersonMustHaveWaivedIt) {
  const auto bare = artifact("dataset", {}, Json::object());
  const auto refused = check_clearance(*workspace_, bare, now_ms_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kFailedPrecondition);
  const auto waived =
      artifact("dataset", {}, {{"waiver", {{"person", "Dr. Example"}, {"reason", "published"}}}});
  EXPECT_TRUE(check_clearance(*workspace_, waived, now_ms_ + 9999 * kDayMs).ok());
}

}  // namespace
}  // namespace residency::pipeline
