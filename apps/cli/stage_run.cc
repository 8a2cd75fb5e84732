#include "cli/stage_run.h"

#include <filesystem>
#include <fmt/format.h>

#include "cli/terminal_progress.h"
#include "pipeline/pipeline.h"

namespace residency::cli {
namespace {

Result<ConfigNode> stage_options(const StageRunOptions& options, const Json& flags) {
  Json merged = Json::object();
  std::string name = "command line";
  if (!options.config_file.empty()) {
    RESIDENCY_TRY(const auto yaml, Env::posix().read_file(options.config_file, 1u << 20));
    RESIDENCY_TRY(const auto node, ConfigNode::parse(yaml, options.config_file));
    RESIDENCY_TRY(merged, parse_json(node.canonical_json()));
    name = options.config_file;
  }
  merged.merge_patch(flags);
  RESIDENCY_TRY(const auto node, ConfigNode::parse(dump_json(merged), name));
  return node.with_overrides(options.overrides);
}

Result<pipeline::StepOutcome> run_in_workspace(const std::string& stage_name,
                                               const StageRunOptions& options, const Json& flags,
                                               store::Workspace& workspace) {
  RESIDENCY_TRY(const pipeline::Stage* stage, pipeline::find_stage(stage_name));
  RESIDENCY_TRY(auto node, stage_options(options, flags));
  RESIDENCY_TRY_VOID(stage->validate(node));
  std::vector<std::string> inputs;
  for (const std::string& input : options.inputs) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(input));
    inputs.push_back(manifest.id);
  }
  RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
  pipeline::LocalExecutor executor(program_path(), workspace.root());
  TerminalProgress progress(options.common.quiet || options.common.json);
  progress.title(stage_name);
  const pipeline::Step step{stage_name, stage_name, std::move(node), {}};
  return pipeline::run_step(workspace, executor, step, inputs, progress);
}

}  // namespace

void StageRunOptions::add_to(CLI::App& app) {
  common.add_to(app);
  app.add_option("-c,--config", config_file, "a YAML file with this stage's options");
  app.add_option("-s,--set", overrides, "set one option: key=value (repeatable)");
}

int run_stage(const std::string& stage, const StageRunOptions& options, const Json& flags,
              std::vector<std::string>* made_ids) {
  auto workspace = open_workspace(options.common);
  if (!workspace.ok()) return fail(workspace.error(), options.common.json);
  auto outcome = run_in_workspace(stage, options, flags, **workspace);
  if (!outcome.ok()) return fail(outcome.error(), options.common.json);
  if (made_ids != nullptr) *made_ids = outcome->outputs;
  Json made = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const std::string& id : outcome->outputs) {
    auto manifest = (*workspace)->manifest(id);
    if (!manifest.ok()) return fail(manifest.error(), options.common.json);
    std::string counts;
    for (const auto& [name, count] : manifest->counts) counts += fmt::format("{}={} ", name, count);
    rows.push_back({id, manifest->kind, counts});
    made.push_back({{"id", id},
                    {"kind", manifest->kind},
                    {"counts", manifest->counts},
                    {"properties", manifest->properties}});
  }
  if (options.common.json) {
    print_json({{"job", outcome->job},
                {"reused", outcome->reused},
                {"seconds", outcome->seconds},
                {"artifacts", made}});
  } else {
    fmt::print("{}{}", outcome->reused ? "already done\n" : "",
               render_table({"ARTIFACT", "KIND", "COUNTS"}, rows));
  }
  return 0;
}

}  // namespace residency::cli
