// The registry over a workspace on disk, with the real audit log.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/registry.h"

namespace residency::deploy {
namespace {

class RegistryDiskTest : public ::testing::Test {
 protected:
  RegistryDiskTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "deploy-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~RegistryDiskTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  std::string add(store::Workspace& workspace, const std::string& kind, const std::string& blob,
                  std::vector<std::string> parents, Json properties) {
    auto writer = workspace.write_artifact();
    EXPECT_TRUE(writer.ok() && (*writer)->begin(blob).ok() && (*writer)->append("x").ok());
    store::Manifest manifest;
    manifest.kind = kind;
    manifest.parents = std::move(parents);
    manifest.properties = std::move(properties);
    const auto committed = (*writer)->commit(std::move(manifest));
    EXPECT_TRUE(committed.ok()) << committed.error().message();
    return committed->id;
  }

  std::string root_;
};

TEST_F(RegistryDiskTest, DeploymentsOutliveTheProcessAndTheLogHolds) {
  const std::string path = root_ + "/workspace";
  ASSERT_TRUE(store::Workspace::init(Env::posix(), path).ok());
  const std::string digest(64, 'a');
  {
    auto workspace = store::Workspace::open(Env::posix(), path);
    ASSERT_TRUE(workspace.ok()) << workspace.error().message();
    auto audit = audit::AuditLog::open(**workspace);
    ASSERT_TRUE(audit.ok()) << audit.error().message();
    DeployOptions options;
    options.name = "icd";
    options.model_artifact = add(**workspace, "adapter", "adapter.gguf", {}, Json::object());
    options.base = {"/models/base.gguf", digest, ""};
    options.report_artifact = add(**workspace, "report", "report.json", {options.model_artifact},
                                  {{"base_sha256", digest}, {"gate", {{"passed", true}}}});
    Registry registry(**workspace, **audit);
    const auto made = registry.deploy(options);
    ASSERT_TRUE(made.ok()) << made.error().message();
    options.override_by = std::nullopt;
    options.report_artifact.clear();
    EXPECT_EQ(registry.deploy(options).error().code(), ErrorCode::kGateRefused);
  }
  auto workspace = store::Workspace::open(Env::posix(), path);
  ASSERT_TRUE(workspace.ok());
  auto audit = audit::AuditLog::open(**workspace);
  ASSERT_TRUE(audit.ok());
  const auto found = Registry(**workspace, **audit).get("icd");
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->version, 1);
  const auto manifest = (*workspace)->manifest(found->artifact);
  ASSERT_TRUE(manifest.ok());
  EXPECT_THAT(manifest->parents,
              ::testing::UnorderedElementsAre(found->model_artifact, found->report_artifact));
  const auto verified = (*audit)->verify();
  ASSERT_TRUE(verified.ok());
  EXPECT_TRUE(verified->intact);
  EXPECT_GE(verified->events, 2u);
}

}  // namespace
}  // namespace residency::deploy
