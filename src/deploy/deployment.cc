#include "deploy/deployment.h"

#include <algorithm>
#include <cctype>

namespace residency::deploy {
namespace {

constexpr std::size_t kNameBytesMax = 63;

Result<std::string> required_text(const Json& object, std::string_view key) {
  const Json& member = json_member(object, key);
  if (!member.is_string()) {
    return corrupt("deployment record: text is missing: " + std::string(key));
  }
  return member.get<std::string>();
}

Result<Deployment> deployment_from_json(const std::string& name, const Json& value) {
  Deployment deployment;
  deployment.name = name;
  deployment.version = json_integer(value, "version");
  if (deployment.version < 1) return corrupt("deployment record: version is below 1");
  RESIDENCY_TRY(deployment.model_artifact, required_text(value, "model"));
  RESIDENCY_TRY(deployment.report_artifact, required_text(value, "report"));
  RESIDENCY_TRY(deployment.artifact, required_text(value, "artifact"));
  const Json& base = json_member(value, "base");
  RESIDENCY_TRY(deployment.base.path, required_text(base, "path"));
  RESIDENCY_TRY(deployment.base.sha256, required_text(base, "sha256"));
  deployment.base.artifact = json_text(base, "artifact");
  deployment.gate_passed = json_flag(value, "gate_passed");
  const Json& override_by = json_member(value, "override");
  if (override_by.is_object()) {
    Override entry;
    RESIDENCY_TRY(entry.person, required_text(override_by, "person"));
    RESIDENCY_TRY(entry.reason, required_text(override_by, "reason"));
    deployment.override_by = std::move(entry);
  }
  deployment.created_by = json_text(value, "created_by");
  deployment.created_at = json_text(value, "created_at");
  return deployment;
}

}  // namespace

const Deployment* DeploymentHistory::find(std::int64_t version) const {
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const Deployment& entry) {
    return entry.version == version;
  });
  return found == versions.end() ? nullptr : &*found;
}

std::string_view state_name(DeploymentState state) {
  return state == DeploymentState::kActive ? "active" : "standby";
}

Result<void> check_deployment_name(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto allowed = [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  if (name.empty() || name.size() > kNameBytesMax || !alphanumeric(name.front()) ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return invalid_argument(
        "deployment name: use 1 to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or "
        "digit");
  }
  return {};
}

std::string canonical_json(const Deployment& deployment) {
  Json value{{"format", 1},
             {"name", deployment.name},
             {"model", deployment.model_artifact},
             {"base_sha256", deployment.base.sha256},
             {"report", deployment.report_artifact},
             {"gate_passed", deployment.gate_passed}};
  if (deployment.override_by) {
    value["override"] = {{"person", deployment.override_by->person},
                         {"reason", deployment.override_by->reason}};
  }
  return dump_json(value);
}

Json to_json(const Deployment& deployment) {
  Json value{{"name", deployment.name},
             {"version", deployment.version},
             {"model", deployment.model_artifact},
             {"base",
              {{"path", deployment.base.path},
               {"sha256", deployment.base.sha256},
               {"artifact", deployment.base.artifact}}},
             {"report", deployment.report_artifact},
             {"gate_passed", deployment.gate_passed},
             {"state", state_name(deployment.state)},
             {"artifact", deployment.artifact},
             {"created_by", deployment.created_by},
             {"created_at", deployment.created_at}};
  if (deployment.override_by) {
    value["override"] = {{"person", deployment.override_by->person},
                         {"reason", deployment.override_by->reason}};
  }
  return value;
}

Json to_json(const DeploymentHistory& history) {
  Json versions = Json::array();
  for (const Deployment& entry : history.versions) versions.push_back(to_json(entry));
  return {{"name", history.name},
          {"active", history.active},
          {"activated", history.activated},
          {"versions", std::move(versions)}};
}

Result<DeploymentHistory> history_from_json(const std::string& name, const Json& value) {
  DeploymentHistory history;
  history.name = name;
  history.active = json_integer(value, "active");
  const Json& versions = json_member(value, "versions");
  const Json& activated = json_member(value, "activated");
  if (!versions.is_array()) return corrupt("deployment record: list is missing: versions");
  if (!activated.is_array()) return corrupt("deployment record: list is missing: activated");
  for (const Json& entry : versions) {
    RESIDENCY_TRY(auto deployment, deployment_from_json(name, entry));
    deployment.state =
        deployment.version == history.active ? DeploymentState::kActive : DeploymentState::kStandby;
    history.versions.push_back(std::move(deployment));
  }
  for (const Json& entry : activated) {
    if (!entry.is_number_integer()) return corrupt("deployment record: activated is not numbers");
    const auto version = entry.get<std::int64_t>();
    if (history.find(version) == nullptr) {
      return corrupt("deployment record: activated names no version: " + std::to_string(version));
    }
    history.activated.push_back(version);
  }
  if (history.active != 0 && history.find(history.active) == nullptr) {
    return corrupt("deployment record: active names no version: " + std::to_string(history.active));
  }
  return history;
}

}  // namespace residency::deploy
