// Fleet: keeps the endpoints that run equal to what the workspace's records say.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deploy/deployment.h"
#include "deploy/endpoint_settings.h"
#include "serve/endpoint_table.h"
#include "serve/meter.h"
#include "serve/split_endpoint.h"

namespace residency::serve {

/// One deployment as it is to be served.
struct FleetEntry {
  deploy::DeploymentHistory history;
  deploy::EndpointSettings settings;
};

/// Starts the endpoint of versions that stand on one base; `idle_ms` as ProcessEndpointOptions.
using PartFactory = std::function<std::shared_ptr<Endpoint>(
    const std::vector<deploy::Deployment>& versions, std::int64_t idle_ms)>;

/// Called from one thread.
class Fleet {
 public:
  /// `alone(deployment)`: whether it shares no process with other versions (a merged model).
  Fleet(EndpointTable& table, std::shared_ptr<Meter> meter, PartFactory factory,
        std::function<bool(const deploy::Deployment&)> alone)
      : table_(table),
        meter_(std::move(meter)),
        factory_(std::move(factory)),
        alone_(std::move(alone)) {}

  /// Starts what is new, and puts it in the place of what it follows once it is ready: requests go
  /// on being answered by the old one until then, and those it has it answers to their end.
  /// Removes what is withdrawn. Returns the names whose endpoints changed.
  std::vector<std::string> refresh(const std::vector<FleetEntry>& entries);
  /// Whether something is being started.
  bool starting() const { return !coming_.empty(); }

 private:
  struct Served {
    std::string versions;  // what runs, as text
    std::shared_ptr<SplitEndpoint> endpoint;
  };
  std::shared_ptr<SplitEndpoint> start(const FleetEntry& entry,
                                       const std::vector<deploy::Deployment>& versions) const;

  EndpointTable& table_;
  std::shared_ptr<Meter> meter_;
  PartFactory factory_;
  std::function<bool(const deploy::Deployment&)> alone_;
  std::map<std::string, Served> served_;
  std::map<std::string, Served> coming_;
};

}  // namespace residency::serve
