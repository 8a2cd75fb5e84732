#include <fmt/format.h>

#include "deploy/deploy.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

struct DeployStageOptions {
  std::string name;
  bool activate = true;
  std::string override_person;
  std::string override_reason;

  static Result<DeployStageOptions> from_config(const ConfigNode& node) {
    ConfigReader reader(node, "deploy.");
    DeployStageOptions options;
    options.name = reader.text_required("name");
    options.activate = reader.flag("activate", true);
    if (reader.has("override")) {
      ConfigReader nested(reader.child("override"), "deploy.override.");
      options.override_person = nested.text_required("person");
      options.override_reason = nested.text_required("reason");
      reader.absorb(nested.finish());
    }
    reader.absorb(options.name.empty() ? Result<void>()
                                       : deploy::check_deployment_name(options.name));
    RESIDENCY_TRY_VOID(reader.finish());
    return options;
  }
};

Result<void> validate(const ConfigNode& options) {
  auto parsed = DeployStageOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto parsed, DeployStageOptions::from_config(context.options));
  RESIDENCY_TRY(const auto base, base_model(context));
  RESIDENCY_TRY(const auto adapter, tuned_input(context));
  RESIDENCY_TRY(const auto report, context.optional_input("report"));
  deploy::DeployOptions options;
  options.name = parsed.name;
  options.activate = parsed.activate;
  options.base = {base.path, base.sha256, base.artifact};
  if (adapter && json_member(adapter->properties, "head").is_string())
    return failed_precondition(
        "the model has a head that says labels, which endpoints do not serve yet; residency models "
        "export writes it for other programs: " +
        adapter->id);
  if (adapter) options.model_artifact = adapter->id;
  if (report) options.report_artifact = report->id;
  if (!parsed.override_person.empty()) {
    options.override_by = deploy::Override{parsed.override_person, parsed.override_reason};
  }
  options.job = context.job.id;
  options.tool_version = tool_version();
  deploy::Registry registry(context.workspace, context.audit);
  RESIDENCY_TRY(const auto deployment, registry.deploy(options));
  return std::vector<std::string>{deployment.artifact};
}

}  // namespace

Stage deploy_stage() {
  return {"deploy", "put a model behind a name",
          1,        {"base", "adapter?", "report?"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
