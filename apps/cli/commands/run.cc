#include <fmt/format.h>

#include "base/json.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/report_view.h"
#include "cli/terminal_progress.h"
#include "pipeline/pipeline.h"

namespace residency::cli {
namespace {

struct RunOptions {
  CommonOptions common;
  std::string recipe;
  std::vector<std::string> overrides;
  bool plan_only = false;
};

std::string ids_of(const pipeline::StepOutcome& outcome) {
  return fmt::format("{}", fmt::join(outcome.outputs, " "));
}

void print_plan(const pipeline::Recipe& recipe, bool json) {
  Json steps = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const pipeline::Step& step : recipe.steps) {
    steps.push_back({{"step", step.name}, {"stage", step.stage}, {"inputs", step.inputs}});
    rows.push_back({step.name, step.stage, fmt::format("{}", fmt::join(step.inputs, ", "))});
  }
  if (json) {
    print_json({{"recipe", recipe.name}, {"steps", steps}});
  } else {
    fmt::print("{}", render_table({"STEP", "STAGE", "TAKES"}, rows));
  }
}

Result<pipeline::RunOutcome> run_recipe(const RunOptions& options, const pipeline::Recipe& recipe,
                                        store::Workspace& workspace, std::string& report) {
  RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
  pipeline::LocalExecutor executor(program_path(), workspace.root());
  const bool quiet = options.common.quiet || options.common.json;
  TerminalProgress progress(quiet);
  pipeline::RunListener listener;
  std::string title;
  listener.started = [&](const pipeline::Step& step, std::size_t index, std::size_t count) {
    title = fmt::format("{}/{} {}", index, count, step.name);
    progress.title(title);
  };
  listener.ended = [&](const pipeline::StepOutcome& outcome) {
    if (outcome.step == "gate" && !outcome.outputs.empty()) report = outcome.outputs.front();
    progress.clear();
    if (quiet) return;
    fmt::print(stderr, "{:<16} {:<10} {}\n", title,
               outcome.reused ? "kept" : format_duration(outcome.seconds), ids_of(outcome));
  };
  return pipeline::run_steps(workspace, executor, recipe.steps, progress, listener);
}

Json to_json(const pipeline::RunOutcome& outcome) {
  Json steps = Json::array();
  for (const auto& step : outcome.steps) {
    steps.push_back({{"step", step.step},
                     {"job", step.job},
                     {"reused", step.reused},
                     {"artifacts", step.outputs},
                     {"seconds", step.seconds}});
  }
  return steps;
}

/// Prints the gate's table; the exit status it asks for.
Result<int> show_gate(store::Workspace& workspace, const std::string& report,
                      const CommonOptions& common, Json& answer) {
  if (report.empty()) return 0;
  RESIDENCY_TRY(const auto view, view_report(workspace, report));
  answer["gate"] = view.summary;
  if (!common.json) fmt::print("\n{}", view.text);
  return view.passed ? 0 : traits(ErrorCode::kGateRefused).exit_code;
}

}  // namespace

int run_command(const Words& words) {
  CLI::App app{
      "Runs a recipe: every stage that is not done yet, in order. Run again after an interruption "
      "(Ctrl-C, a crash, kill -9), it goes on from where it was."};
  RunOptions options;
  options.common.add_to(app);
  app.add_option("recipe", options.recipe, "a recipe file, such as recipes/demo.yaml")->required();
  app.add_option("-s,--set", options.overrides, "set one option: train.epochs=2 (repeatable)");
  app.add_flag("--plan", options.plan_only, "check the recipe, print its steps, run nothing");
  if (auto ended = parse(app, words)) return *ended;
  const bool json = options.common.json;
  auto recipe = pipeline::load_recipe(Env::posix(), options.recipe, options.overrides);
  if (!recipe.ok()) return fail(recipe.error(), json);
  if (options.plan_only) {
    print_plan(*recipe, json);
    return 0;
  }
  auto workspace = open_workspace(options.common);
  if (!workspace.ok()) return fail(workspace.error(), json);
  std::string report;
  auto outcome = run_recipe(options, *recipe, **workspace, report);
  Json answer{{"recipe", recipe->name}};
  if (outcome.ok()) answer["steps"] = to_json(*outcome);
  auto status = show_gate(**workspace, report, options.common, answer);
  if (!outcome.ok()) return fail(outcome.error(), json);
  if (!status.ok()) return fail(status.error(), json);
  if (json) print_json(answer);
  return *status;
}

}  // namespace residency::cli
