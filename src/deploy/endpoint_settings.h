// EndpointSettings: how a deployment is served: traffic between its versions, scale, limits.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "audit/audit_log.h"
#include "base/json.h"
#include "base/result.h"
#include "deploy/deployment.h"
#include "store/workspace.h"

namespace residency::deploy {

struct TrafficShare {
  std::int64_t version = 0;
  std::int64_t weight = 0;
};

struct EndpointSettings {
  std::vector<TrafficShare> traffic;  // empty: the active version answers everything
  std::int64_t shadow = 0;            // a version that is asked too, unheard; 0: none
  std::int64_t idle_s = 0;            // its process ends after so long without requests; 0: never
  std::int64_t requests_per_minute = 0;  // of each caller; 0: no bound
  std::int64_t tokens_per_minute = 0;
  std::int64_t tokens_per_day = 0;

  Json to_json() const;
  /// kCorrupt for anything but what to_json() gives.
  static Result<EndpointSettings> from_json(const Json& value);
  /// kInvalidArgument, naming the field, where a bound or a version does not hold.
  Result<void> check(const DeploymentHistory& history) const;
};

/// Reads and writes settings, kept beside the deployments' records (kind "endpoint").
class EndpointSettingsStore {
 public:
  EndpointSettingsStore(store::Workspace& workspace, audit::AuditLog& audit)
      : workspace_(workspace), audit_(audit) {}

  /// Defaults where there are none.
  Result<EndpointSettings> get(const std::string& name);
  /// Checks, records the change in the audit log, and writes.
  Result<void> put(const DeploymentHistory& history, const EndpointSettings& settings);

 private:
  store::Workspace& workspace_;
  audit::AuditLog& audit_;
};

}  // namespace residency::deploy
