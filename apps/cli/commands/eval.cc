#include "eval/eval.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/eval_fetch.h"
#include "cli/commands/eval_score.h"
#include "cli/commands/eval_suite.h"
#include "cli/report_view.h"
#include "cli/stage_run.h"
#include "eval/report_html.h"
#include "pipeline/model_card.h"
#include "pipeline/suite.h"

namespace residency::cli {
namespace {

/// Prints a report or a score artifact; for a report, the gate's exit status.
int show(const CommonOptions& common, const std::string& artifact) {
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto manifest = (*workspace)->manifest(artifact);
  if (!manifest.ok()) return fail(manifest.error(), common.json);
  if (manifest->kind == "suite") {
    const auto status = show_suite(**workspace, manifest->id, common.json);
    return status.ok() ? *status : fail(status.error(), common.json);
  }
  if (manifest->kind == "report") {
    auto view = view_report(**workspace, manifest->id);
    if (!view.ok()) return fail(view.error(), common.json);
    if (common.json) {
      print_json(view->summary);
    } else {
      fmt::print("{}", view->text);
    }
    return view->passed ? 0 : traits(ErrorCode::kGateRefused).exit_code;
  }
  auto text = (*workspace)->read_blob(manifest->id, "scores.json");
  if (!text.ok()) return fail(text.error(), common.json);
  auto json = parse_json(*text);
  if (!json.ok()) return fail(json.error(), common.json);
  auto scores = eval::ModelScores::from_json(*json);
  if (!scores.ok()) return fail(scores.error(), common.json);
  if (common.json) {
    print_json(*json);
  } else {
    fmt::print("{}", eval::render_table(*scores));
  }
  return 0;
}

/// Writes report.html, report.json and model_card.md into a folder; gives the names it wrote.
Result<std::string> write_report(const CommonOptions& common, const std::string& artifact,
                                 const std::string& folder) {
  RESIDENCY_TRY(const auto workspace, open_workspace(common));
  RESIDENCY_TRY(const auto manifest, workspace->manifest(artifact));
  if (manifest.kind == "suite") {
    RESIDENCY_TRY_VOID(write_suite(*workspace, manifest.id, folder));
    return std::string("suite.html, suite.json and a model card of each benchmark");
  }
  RESIDENCY_TRY(const std::string card, pipeline::model_card(*workspace, manifest.id));
  RESIDENCY_TRY(const std::string curve, pipeline::report_loss_curve(*workspace, manifest.id));
  RESIDENCY_TRY(const std::string text, workspace->read_blob(manifest.id, "report.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(const auto report, eval::EvalReport::from_json(json));
  Env& env = Env::posix();
  RESIDENCY_TRY_VOID(env.make_directories(folder));
  const std::string title = json_text(manifest.properties, "adapter");
  RESIDENCY_TRY_VOID(env.write_file_atomic(folder + "/report.html",
                                           eval::report_html(report, title, curve, card)));
  RESIDENCY_TRY_VOID(env.write_file_atomic(folder + "/report.json", json.dump(2) + "\n"));
  RESIDENCY_TRY_VOID(env.write_file_atomic(folder + "/model_card.md", card));
  return std::string("report.html, report.json and model_card.md");
}

/// The verb `run`: a recipe or suite file, or one model by its artifacts.
class RunVerb {
 public:
  void add_to(CLI::App& app) {
    app_ = app.add_subcommand(
        "run", "run a recipe or a suite of benchmarks, or score one model by its artifacts");
    options_.add_to(*app_);
    app_->add_option("recipe", recipe_,
                     "a recipe, or a suite that names recipes (exit status 3: its gate says no)");
    app_->add_flag("--plan", plan_only_, "of a recipe or suite: check it and print its steps");
    app_->add_option("--dataset", dataset_, "a dataset artifact's id");
    app_->add_option("--base", base_, "a base artifact's id");
    app_->add_option("--adapter", adapter_, "an adapter artifact's id; the base alone without");
  }
  bool parsed() const { return app_->parsed(); }

  int run() {
    const CommonOptions& common = options_.common;
    const bool by_artifacts = !dataset_.empty() || !base_.empty() || !adapter_.empty();
    if (recipe_.empty()) {
      if (dataset_.empty() || base_.empty())
        return fail(invalid_argument("give a recipe, or --dataset and --base"), common.json);
      for (const std::string& input : {dataset_, base_, adapter_}) {
        if (!input.empty()) options_.inputs.push_back(input);
      }
      return run_stage("eval", options_, Json::object());
    }
    if (by_artifacts || !options_.config_file.empty())
      return fail(invalid_argument("give a recipe, or artifacts and --config, not both"),
                  common.json);
    if (pipeline::is_suite(Env::posix(), recipe_))
      return run_suite_file(common, recipe_, options_.overrides, plan_only_);
    Words words{recipe_};
    for (const std::string& one : options_.overrides) words.insert(words.end(), {"-s", one});
    if (!common.workspace.empty()) words.insert(words.end(), {"-w", common.workspace});
    if (common.json) words.emplace_back("--json");
    if (common.quiet) words.emplace_back("--quiet");
    if (plan_only_) words.emplace_back("--plan");
    return run_command(words);
  }

 private:
  CLI::App* app_ = nullptr;
  StageRunOptions options_;
  std::string recipe_;
  std::string dataset_, base_, adapter_;
  bool plan_only_ = false;
};

}  // namespace

int eval_command(const Words& words) {
  CLI::App app{
      "Scores a model on a data set's test split; compares a base with a tuned model and "
      "decides whether the tuned one may go on (exit status 3: no)."};
  app.require_subcommand(1);
  RunVerb run;
  run.add_to(app);
  EvalFetchCommand fetch;
  fetch.add_to(app);
  EvalScoreCommand given;
  given.add_to(app);
  StageRunOptions decide;
  std::vector<std::string> gate_inputs(3);
  auto* gate = app.add_subcommand("compare", "compare two scores and decide the gate");
  decide.add_to(*gate);
  gate->add_option("--base-scores", gate_inputs[0], "a scores artifact of the base")->required();
  gate->add_option("--tuned-scores", gate_inputs[1], "a scores artifact of the tuned model")
      ->required();
  gate->add_option("--base", gate_inputs[2], "the base artifact's id")->required();
  std::vector<std::string> others;
  gate->add_option("--other-scores", others,
                   "a scores artifact of any other model on the same items (repeatable)");
  CommonOptions common;
  std::string artifact;
  auto* show_verb = app.add_subcommand("show", "print a scores or report artifact");
  common.add_to(*show_verb);
  show_verb->add_option("artifact", artifact, "its id")->required();
  CommonOptions report_common;
  std::string report;
  std::string folder;
  auto* report_verb = app.add_subcommand(
      "report", "write a report artifact as one HTML file, JSON and a model card");
  report_common.add_to(*report_verb);
  report_verb->add_option("artifact", report, "a report artifact's id")->required();
  report_verb->add_option("--out", folder, "the folder to write to")->required();
  if (auto ended = parse(app, words)) return *ended;
  if (run.parsed()) return run.run();
  if (fetch.parsed()) return fetch.run();
  if (given.parsed()) return given.run();
  if (report_verb->parsed()) {
    const auto done = write_report(report_common, report, folder);
    if (!done.ok()) return fail(done.error(), report_common.json);
    if (!report_common.quiet && !report_common.json) fmt::print("wrote {} to {}\n", *done, folder);
    return 0;
  }
  if (show_verb->parsed()) return show(common, artifact);
  decide.inputs = gate_inputs;
  decide.inputs.insert(decide.inputs.end(), others.begin(), others.end());
  std::vector<std::string> made;
  const int status = run_stage("gate", decide, Json::object(), &made);
  if (status != 0 || made.empty()) return status;
  return show(decide.common, made.front());
}

}  // namespace residency::cli
