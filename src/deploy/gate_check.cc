#include "deploy/gate_check.h"

#include <algorithm>

namespace residency::deploy {
namespace {

bool has_parent(const store::Manifest& manifest, const std::string& id) {
  return !id.empty() &&
         std::find(manifest.parents.begin(), manifest.parents.end(), id) != manifest.parents.end();
}

bool names_another_model(const store::Manifest& report) {
  return std::any_of(report.parents.begin(), report.parents.end(), [](const std::string& parent) {
    return parent.starts_with("adapter-") || parent.starts_with("model-");
  });
}

/// ": micro_f1 is 0.21, demanded at least 0.3", "" where the gate gives no reason.
std::string first_reason(const Json& gate) {
  const Json& reasons = json_member(gate, "reasons");
  if (!reasons.is_array() || reasons.empty() || !reasons.front().is_string()) return "";
  return ": " + reasons.front().get<std::string>();
}

bool holds_failed_check(const Json& gate) {
  const Json& checks = json_member(gate, "checks");
  return checks.is_array() && std::any_of(checks.begin(), checks.end(), [](const Json& check) {
           return !json_flag(check, "passed");
         });
}

/// Whether `manifest` says which base it stands on, and that it is this one.
bool stands_on(const store::Manifest& manifest, const BaseModel& base) {
  const std::string sha256 = json_text(manifest.properties, "base_sha256");
  if (!sha256.empty()) return sha256 == base.sha256;
  return has_parent(manifest, base.artifact);
}

}  // namespace

Result<void> check_gate(const store::Manifest& report, const std::string& model_artifact,
                        const BaseModel& base) {
  if (report.kind != "report") {
    return invalid_argument("not a report artifact: " + report.id);
  }
  const bool about_model =
      model_artifact.empty() ? !names_another_model(report) : has_parent(report, model_artifact);
  if (!about_model) {
    return gate_refused("the report is not about this model: " + report.id);
  }
  if (!stands_on(report, base)) {
    return gate_refused("the report is not about this base model: " + report.id);
  }
  const Json& gate = json_member(report.properties, "gate");
  if (!gate.is_object()) return gate_refused("the report holds no gate decision: " + report.id);
  if (!json_flag(gate, "passed")) {
    return gate_refused("the gate did not pass: " + report.id + first_reason(gate));
  }
  if (holds_failed_check(gate)) {
    return gate_refused("the gate says passed, but a check of it failed: " + report.id);
  }
  return {};
}

Result<void> check_model(const store::Manifest& model, const BaseModel& base) {
  if (model.kind != "adapter" && model.kind != "model") {
    return invalid_argument("only adapters and models are deployed, not: " + model.id);
  }
  const bool says_base = !json_text(model.properties, "base_sha256").empty();
  if (says_base && !stands_on(model, base)) {
    return invalid_argument("the model was trained on another base than the one given: " +
                            model.id);
  }
  return {};
}

}  // namespace residency::deploy
