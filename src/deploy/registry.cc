#include "deploy/registry.h"

#include <algorithm>
#include <unistd.h>

#include "base/log.h"
#include "deploy/gate_check.h"

namespace residency::deploy {
namespace {

constexpr char kRecordKind[] = "deployment";
constexpr char kArtifactBlob[] = "deployment.json";
constexpr std::size_t kPersonBytesMax = 128;
constexpr std::size_t kReasonBytesMin = 8;
constexpr std::size_t kReasonBytesMax = 2000;
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kSha256HexDigits = 64;

bool is_sha256(const std::string& text) {
  return text.size() == kSha256HexDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_plain_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t") == std::string::npos;
}

std::string this_user() { return "os:" + std::to_string(::getuid()); }

/// Whether `a` and `b` deploy the same thing.
bool same_content(const Deployment& a, const Deployment& b) {
  return canonical_json(a) == canonical_json(b) && a.base.path == b.base.path;
}

}  // namespace

Result<void> DeployOptions::validate() const {
  std::string problems;
  const auto add = [&](const std::string& problem) {
    if (!problems.empty()) problems += "; ";
    problems += problem;
  };
  if (auto checked = check_deployment_name(name); !checked.ok()) add(checked.error().message());
  if (base.path.empty() || base.path.size() > kPathBytesMax) {
    add("base path: give 1 to 4096 bytes");
  }
  if (!is_sha256(base.sha256)) add("base digest: give 64 lower-case hex digits");
  if (override_by) {
    const auto& [person, reason] = *override_by;
    if (is_blank(person) || person.size() > kPersonBytesMax || !is_plain_line(person)) {
      add("override person: give one line of 1 to 128 bytes");
    }
    if (is_blank(reason) || reason.size() < kReasonBytesMin || reason.size() > kReasonBytesMax ||
        !is_plain_line(reason)) {
      add("override reason: give one line of 8 to 2000 bytes");
    }
  }
  if (!problems.empty()) return invalid_argument(problems);
  return {};
}

Result<std::optional<DeploymentHistory>> Registry::find(const std::string& name) {
  RESIDENCY_TRY_VOID(check_deployment_name(name));
  RESIDENCY_TRY(const auto value, workspace_.get_record(kRecordKind, name));
  if (!value) return std::optional<DeploymentHistory>{};
  RESIDENCY_TRY(auto history, history_from_json(name, *value));
  return std::optional<DeploymentHistory>(std::move(history));
}

Result<DeploymentHistory> Registry::history(const std::string& name) {
  RESIDENCY_TRY(auto found, find(name));
  if (!found) return not_found("no deployment of that name: " + name);
  return *std::move(found);
}

Result<std::vector<DeploymentHistory>> Registry::list() {
  RESIDENCY_TRY(const auto records, workspace_.list_records(kRecordKind));
  std::vector<DeploymentHistory> histories;
  for (const auto& [name, value] : records) {
    RESIDENCY_TRY(auto history, history_from_json(name, value));
    histories.push_back(std::move(history));
  }
  std::sort(histories.begin(), histories.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return histories;
}

Result<Deployment> Registry::get(const std::string& name, std::int64_t version) {
  RESIDENCY_TRY(const auto known, history(name));
  if (version == 0 && known.active == 0) {
    return failed_precondition("no version is active; promote one: " + name);
  }
  const Deployment* found = known.find(version == 0 ? known.active : version);
  if (found == nullptr) {
    return not_found("no such version of " + name + " (it has 1 to " +
                     std::to_string(known.versions.size()) + "): " + std::to_string(version));
  }
  return *found;
}

Result<void> Registry::record(const std::string& type, const Deployment& deployment,
                              const Result<void>& outcome) {
  audit::Event event;
  event.type = type;
  event.phase = "outcome";
  event.outcome = outcome.ok() ? "success" : "failure";
  event.actor = this_user();
  event.objects.push_back("deployment:" + deployment.name);
  for (const std::string* id :
       {&deployment.artifact, &deployment.model_artifact, &deployment.report_artifact}) {
    if (!id->empty()) event.objects.push_back(*id);
  }
  event.counts["version"] = deployment.version;
  event.counts["gate_passed"] = deployment.gate_passed ? 1 : 0;
  if (deployment.override_by) {
    event.counts["override"] = 1;
    event.objects.push_back("person:" + Label(deployment.override_by->person).text());
  }
  if (!outcome.ok()) event.reason_code = std::string(traits(outcome.error().code()).name);
  RESIDENCY_TRY([[maybe_unused]] const auto seq, audit_.append(event));
  return {};
}

Result<std::string> Registry::write_artifact(const Deployment& deployment,
                                             const DeployOptions& options) {
  RESIDENCY_TRY(const auto writer, workspace_.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin(kArtifactBlob));
  RESIDENCY_TRY_VOID(writer->append(canonical_json(deployment)));
  store::Manifest manifest;
  manifest.kind = "deployment";
  for (const std::string* id :
       {&deployment.model_artifact, &deployment.report_artifact, &deployment.base.artifact}) {
    if (!id->empty()) manifest.parents.push_back(*id);
  }
  std::sort(manifest.parents.begin(), manifest.parents.end());
  manifest.job = options.job;
  manifest.tool_version = options.tool_version;
  manifest.properties = {{"name", deployment.name},
                         {"base_sha256", deployment.base.sha256},
                         {"gate", {{"passed", deployment.gate_passed}}},
                         {"overridden", deployment.override_by.has_value()}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return committed.id;
}

Result<Deployment> Registry::deploy(const DeployOptions& options) {
  RESIDENCY_TRY_VOID(options.validate());
  Deployment deployment;
  deployment.name = options.name;
  deployment.model_artifact = options.model_artifact;
  deployment.base = options.base;
  deployment.report_artifact = options.report_artifact;
  deployment.created_by = options.created_by.empty() ? this_user() : options.created_by;
  if (!options.model_artifact.empty()) {
    RESIDENCY_TRY(const auto model, workspace_.manifest(options.model_artifact));
    RESIDENCY_TRY_VOID(check_model(model, options.base));
    deployment.model_artifact = model.id;
  }
  Result<void> gate = gate_refused("no report was given");
  if (!options.report_artifact.empty()) {
    RESIDENCY_TRY(const auto report, workspace_.manifest(options.report_artifact));
    deployment.report_artifact = report.id;
    gate = check_gate(report, deployment.model_artifact, options.base);
    if (!gate.ok() && gate.error().code() != ErrorCode::kGateRefused) return gate.error();
  }
  deployment.gate_passed = gate.ok();
  // A gate that passed needs no override; recording one would make the record say the opposite.
  if (!gate.ok()) deployment.override_by = options.override_by;

  RESIDENCY_TRY(auto known, find(options.name));
  DeploymentHistory history =
      known ? *std::move(known) : DeploymentHistory{options.name, 0, {}, {}};
  if (!history.versions.empty() && same_content(history.versions.back(), deployment)) {
    const Deployment newest = history.versions.back();
    if (!options.activate || newest.state == DeploymentState::kActive) return newest;
    return promote(options.name, newest.version);
  }
  deployment.version = history.versions.empty() ? 1 : history.versions.back().version + 1;
  if (!gate.ok() && !deployment.override_by) {
    RESIDENCY_TRY_VOID(record("deploy.refuse", deployment, gate));
    return gate.error();
  }
  RESIDENCY_TRY(deployment.artifact, write_artifact(deployment, options));
  deployment.created_at = format_utc(workspace_.env().now_unix_ms());
  RESIDENCY_TRY_VOID(record("deploy.create", deployment, {}));
  history.versions.push_back(deployment);
  if (options.activate) return save_active(std::move(history), deployment.version);
  RESIDENCY_TRY_VOID(workspace_.put_record(kRecordKind, history.name, to_json(history)));
  return deployment;
}

Result<Deployment> Registry::save_active(DeploymentHistory history, std::int64_t version) {
  history.active = version;
  history.activated.push_back(version);
  for (Deployment& entry : history.versions) {
    entry.state = entry.version == version ? DeploymentState::kActive : DeploymentState::kStandby;
  }
  RESIDENCY_TRY_VOID(workspace_.put_record(kRecordKind, history.name, to_json(history)));
  return *history.find(version);
}

Result<Deployment> Registry::promote(const std::string& name, std::int64_t version) {
  RESIDENCY_TRY(auto known, history(name));
  RESIDENCY_TRY(const auto wanted, get(name, version));
  if (wanted.state == DeploymentState::kActive) return wanted;
  RESIDENCY_TRY_VOID(record("deploy.promote", wanted, {}));
  return save_active(std::move(known), version);
}

Result<Deployment> Registry::withdraw(const std::string& name) {
  RESIDENCY_TRY(auto known, history(name));
  RESIDENCY_TRY(auto active, get(name));
  RESIDENCY_TRY_VOID(record("deploy.withdraw", active, {}));
  known.active = 0;
  for (Deployment& entry : known.versions) entry.state = DeploymentState::kStandby;
  RESIDENCY_TRY_VOID(workspace_.put_record(kRecordKind, known.name, to_json(known)));
  active.state = DeploymentState::kStandby;
  return active;
}

Result<Deployment> Registry::rollback(const std::string& name) {
  RESIDENCY_TRY(auto known, history(name));
  if (known.activated.size() < 2) {
    return failed_precondition("no version was active before this one: " + name);
  }
  known.activated.pop_back();
  const std::int64_t previous = known.activated.back();
  known.activated.pop_back();
  const Deployment target = *known.find(previous);
  RESIDENCY_TRY_VOID(record("deploy.rollback", target, {}));
  return save_active(std::move(known), previous);
}

}  // namespace residency::deploy
