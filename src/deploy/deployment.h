// Deployment: one version of a named endpoint, and its JSON form in the workspace's records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::deploy {

/// The base model a deployment stands on.
struct BaseModel {
  std::string path;      // of the GGUF file; may differ between machines
  std::string sha256;    // of the file, 64 lower-case hex digits
  std::string artifact;  // id of its "base" artifact, "" where it has none
};

/// Who let a model through against its gate, and why. The reason is the person's own words: it is
/// kept in the record and in the deployment artifact, never logged.
struct Override {
  std::string person;  // 1 to 128 bytes
  std::string reason;  // 8 to 2,000 bytes
};

enum class DeploymentState : std::uint8_t {
  kStandby,  // ready, not answering
  kActive,   // what the name answers with
};

struct Deployment {
  std::string name;  // [a-z0-9][a-z0-9._-]{0,62}
  std::int64_t version = 0;
  std::string model_artifact;  // an "adapter" or "model" artifact; "" for the base alone
  BaseModel base;
  std::string report_artifact;  // "" only with an override
  bool gate_passed = false;
  std::optional<Override> override_by;
  DeploymentState state = DeploymentState::kStandby;
  std::string artifact;    // id of the "deployment" artifact
  std::string created_by;  // "os:<uid>"
  std::string created_at;  // UTC
};

/// Everything known under one name. Versions run 1, 2, 3, ...
struct DeploymentHistory {
  std::string name;
  std::int64_t active = 0;              // 0: none
  std::vector<std::int64_t> activated;  // versions in the order they became active, `active` last
  std::vector<Deployment> versions;     // by version

  const Deployment* find(std::int64_t version) const;
};

std::string_view state_name(DeploymentState state);

/// kInvalidArgument, naming the rule, where `name` cannot name a deployment.
Result<void> check_deployment_name(std::string_view name);

/// What of a deployment is content: equal for equal model, base, report and override, whatever the
/// version, place or time. Canonical JSON: the blob "deployment.json" of the artifact.
std::string canonical_json(const Deployment& deployment);

Json to_json(const Deployment& deployment);
Json to_json(const DeploymentHistory& history);
/// kCorrupt, naming the field, where `value` is not what to_json() writes.
Result<DeploymentHistory> history_from_json(const std::string& name, const Json& value);

}  // namespace residency::deploy
