// Registry: the deployments of one workspace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_log.h"
#include "base/result.h"
#include "deploy/deployment.h"
#include "store/workspace.h"

namespace residency::deploy {

/// What deploy() is to make.
struct DeployOptions {
  std::string name;
  std::string model_artifact;  // full id of an adapter or model; "" for the base alone
  BaseModel base;
  std::string report_artifact;  // full id; "" needs an override
  std::optional<Override> override_by;
  bool activate = true;    // false: keep it on standby until promote()
  std::string created_by;  // "os:<uid>" of this process where empty
  std::string job;         // the job that deploys, "" for none
  std::string tool_version;

  /// All problems at once.
  Result<void> validate() const;
};

/// Callers that change something hold the workspace's writer lock. Every change leaves an audit
/// event; it is written before the change, so that none goes unseen.
class Registry {
 public:
  Registry(store::Workspace& workspace, audit::AuditLog& audit)
      : workspace_(workspace), audit_(audit) {}

  /// A new version. Deploying again what the newest version already is changes nothing and returns
  /// it, so a deployment that was interrupted can be repeated. kGateRefused where the gate did not
  /// pass, or its report is not about this model and base, and no override is given.
  Result<Deployment> deploy(const DeployOptions& options);
  /// Makes `version` the active one.
  Result<Deployment> promote(const std::string& name, std::int64_t version);
  /// Makes the version that was active before the active one; kFailedPrecondition where none was.
  Result<Deployment> rollback(const std::string& name);

  /// Makes no version the active one: the name is no longer served. promote() brings it back.
  Result<Deployment> withdraw(const std::string& name);

  /// The active version, or the given one. kNotFound names what there is.
  Result<Deployment> get(const std::string& name, std::int64_t version = 0);
  Result<DeploymentHistory> history(const std::string& name);
  /// Sorted by name.
  Result<std::vector<DeploymentHistory>> list();

 private:
  Result<std::optional<DeploymentHistory>> find(const std::string& name);
  Result<std::string> write_artifact(const Deployment& deployment, const DeployOptions& options);
  Result<Deployment> save_active(DeploymentHistory history, std::int64_t version);
  Result<void> record(const std::string& type, const Deployment& deployment,
                      const Result<void>& outcome);

  store::Workspace& workspace_;
  audit::AuditLog& audit_;
};

}  // namespace residency::deploy
