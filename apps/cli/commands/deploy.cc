#include "deploy/deploy.h"

#include <fmt/format.h>

#include "audit/audit_log.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/stage_run.h"

namespace residency::cli {
namespace {

int list(const CommonOptions& common, deploy::Registry& registry) {
  auto histories = registry.list();
  if (!histories.ok()) return fail(histories.error(), common.json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& history : *histories) {
    all.push_back(deploy::to_json(history));
    for (const auto& version : history.versions) {
      rows.push_back({history.name, std::to_string(version.version),
                      std::string(deploy::state_name(version.state)), version.model_artifact,
                      version.gate_passed ? "passed" : "overridden", version.created_at});
    }
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"NAME", "VERSION", "STATE", "MODEL", "GATE", "MADE"}, rows));
  }
  return 0;
}

int show(const CommonOptions& common, const Result<deploy::Deployment>& deployment) {
  if (!deployment.ok()) return fail(deployment.error(), common.json);
  if (common.json) {
    print_json(deploy::to_json(*deployment));
  } else {
    fmt::print("{} now answers with version {}: {}\n", deployment->name, deployment->version,
               deployment->model_artifact);
  }
  return 0;
}

struct CreateFlags {
  StageRunOptions run;
  std::string name;
  std::string base;
  std::string adapter;
  std::string report;
  std::string person;
  std::string reason;

  void add_to(CLI::App& app) {
    run.add_to(app);
    app.add_option("name", name, "the name callers ask for")->required();
    app.add_option("--base", base, "a base artifact's id")->required();
    app.add_option("--adapter", adapter, "an adapter artifact's id");
    app.add_option("--report", report, "the report of its gate");
    app.add_option("--override-by", person, "who lets it through against its gate");
    app.add_option("--override-reason", reason, "and why; the audit log keeps that it was done");
  }

  int create() {
    for (const std::string& input : {base, adapter, report}) {
      if (!input.empty()) run.inputs.push_back(input);
    }
    Json flags{{"name", name}};
    if (!person.empty() || !reason.empty())
      flags["override"] = {{"person", person}, {"reason", reason}};
    return run_stage("deploy", run, flags);
  }
};

}  // namespace

int deploy_command(const Words& words) {
  CLI::App app{"Deployments: which model answers under which name."};
  app.require_subcommand(1);
  CreateFlags create;
  create.add_to(*app.add_subcommand("create", "put a model that passed its gate behind a name"));
  CommonOptions common;
  std::string name;
  std::int64_t version = 0;
  auto* list_verb = app.add_subcommand("list", "all names and versions");
  auto* promote = app.add_subcommand("promote", "make a version the one that answers");
  auto* rollback = app.add_subcommand("rollback", "go back to the version before");
  for (auto* verb : {list_verb, promote, rollback}) common.add_to(*verb);
  for (auto* verb : {promote, rollback})
    verb->add_option("name", name, "the deployment's name")->required();
  promote->add_option("version", version, "which version")->required();
  if (auto ended = parse(app, words)) return *ended;
  if (app.got_subcommand("create")) return create.create();
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto log = audit::AuditLog::open(**workspace);
  if (!log.ok()) return fail(log.error(), common.json);
  deploy::Registry registry(**workspace, **log);
  if (list_verb->parsed()) return list(common, registry);
  auto lock = (*workspace)->lock_for_writing();
  if (!lock.ok()) return fail(lock.error(), common.json);
  return show(common,
              promote->parsed() ? registry.promote(name, version) : registry.rollback(name));
}

}  // namespace residency::cli
