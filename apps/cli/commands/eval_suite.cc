#include "cli/commands/eval_suite.h"

#include <fmt/format.h>

#include "cli/terminal_progress.h"
#include "eval/eval.h"
#include "eval/report_html.h"
#include "pipeline/model_card.h"
#include "pipeline/pipeline.h"
#include "pipeline/suite.h"

namespace residency::cli {
namespace {

Result<eval::SuiteReport> read_suite(store::Workspace& workspace, const std::string& artifact) {
  RESIDENCY_TRY(const std::string text, workspace.read_blob(artifact, "suite.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  return eval::SuiteReport::from_json(json);
}

Result<std::string> run_loaded(const CommonOptions& common, const pipeline::Suite& suite,
                               store::Workspace& workspace) {
  RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
  pipeline::LocalExecutor executor(program_path(), workspace.root());
  const bool quiet = common.quiet || common.json;
  TerminalProgress progress(quiet);
  std::string benchmark;
  std::string title;
  pipeline::RunListener steps;
  steps.started = [&](const pipeline::Step& step, std::size_t index, std::size_t count) {
    title = fmt::format("{} {}/{} {}", benchmark, index, count, step.name);
    progress.title(title);
  };
  steps.ended = [&](const pipeline::StepOutcome& outcome) {
    progress.clear();
    if (quiet) return;
    fmt::print(stderr, "{:<32} {:<10} {}\n", title,
               outcome.reused ? "kept" : format_duration(outcome.seconds),
               fmt::join(outcome.outputs, " "));
  };
  return pipeline::run_suite(
      workspace, executor, suite, progress, steps,
      [&](const std::string& name, std::size_t, std::size_t) { benchmark = name; });
}

void print_plan(const pipeline::Suite& suite, bool json) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : suite.items) {
    std::vector<std::string> steps;
    for (const auto& step : item.recipe.steps) steps.push_back(step.name);
    list.push_back({{"benchmark", item.name}, {"steps", steps}});
    rows.push_back({item.name, fmt::format("{}", fmt::join(steps, ", "))});
  }
  if (json) {
    print_json({{"suite", suite.name}, {"benchmarks", list}});
  } else {
    fmt::print("{}", render_table({"BENCHMARK", "STEPS"}, rows));
  }
}

}  // namespace

int run_suite_file(const CommonOptions& common, const std::string& path,
                   const std::vector<std::string>& overrides, bool plan_only) {
  const auto suite = pipeline::load_suite(Env::posix(), path, overrides);
  if (!suite.ok()) return fail(suite.error(), common.json);
  if (plan_only) {
    print_plan(*suite, common.json);
    return 0;
  }
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  const auto artifact = run_loaded(common, *suite, **workspace);
  if (!artifact.ok()) return fail(artifact.error(), common.json);
  const auto status = show_suite(**workspace, *artifact, common.json);
  if (!status.ok()) return fail(status.error(), common.json);
  return *status;
}

Result<int> show_suite(store::Workspace& workspace, const std::string& artifact, bool json) {
  RESIDENCY_TRY(const auto suite, read_suite(workspace, artifact));
  if (json) {
    Json answer = suite.to_json();
    answer["suite"] = artifact;
    print_json(answer);
  } else {
    fmt::print("\n{}suite {}\n", eval::render_table(suite), artifact);
  }
  return suite.gate.passed ? 0 : traits(ErrorCode::kGateRefused).exit_code;
}

Result<void> write_suite(store::Workspace& workspace, const std::string& artifact,
                         const std::string& folder) {
  Env& env = Env::posix();
  RESIDENCY_TRY_VOID(env.make_directories(folder));
  RESIDENCY_TRY(const auto suite, read_suite(workspace, artifact));
  std::vector<eval::EvalReport> reports;
  for (const auto& row : suite.rows) {
    RESIDENCY_TRY(const std::string text, workspace.read_blob(row.report, "report.json"));
    RESIDENCY_TRY(const Json json, parse_json(text));
    RESIDENCY_TRY(auto report, eval::EvalReport::from_json(json));
    reports.push_back(std::move(report));
    RESIDENCY_TRY(const std::string card, pipeline::model_card(workspace, row.report));
    RESIDENCY_TRY_VOID(
        env.write_file_atomic(fmt::format("{}/model_card_{}.md", folder, row.name), card));
  }
  RESIDENCY_TRY_VOID(env.write_file_atomic(
      folder + "/suite.html", eval::suite_html(suite, reports, artifact.substr(0, 16))));
  return env.write_file_atomic(folder + "/suite.json", suite.to_json().dump(2) + "\n");
}

}  // namespace residency::cli
