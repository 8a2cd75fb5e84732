#include "eval/eval.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/report_view.h"
#include "cli/stage_run.h"
#include "eval/report_html.h"
#include "pipeline/model_card.h"

namespace residency::cli {
namespace {

/// Prints a report or a score artifact; for a report, the gate's exit status.
int show(const CommonOptions& common, const std::string& artifact) {
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto manifest = (*workspace)->manifest(artifact);
  if (!manifest.ok()) return fail(manifest.error(), common.json);
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

/// Writes report.html, report.json and model_card.md into a folder.
Result<void> write_report(const CommonOptions& common, const std::string& artifact,
                          const std::string& folder) {
  RESIDENCY_TRY(const auto workspace, open_workspace(common));
  RESIDENCY_TRY(const auto manifest, workspace->manifest(artifact));
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
  return env.write_file_atomic(folder + "/model_card.md", card);
}

}  // namespace

int eval_command(const Words& words) {
  CLI::App app{
      "Scores a model on a data set's test split; compares a base with a tuned model and "
      "decides whether the tuned one may go on (exit status 3: no)."};
  app.require_subcommand(1);
  StageRunOptions score;
  std::vector<std::string> score_inputs(3);
  auto* run = app.add_subcommand("run", "score one model");
  score.add_to(*run);
  run->add_option("--dataset", score_inputs[0], "a dataset artifact's id")->required();
  run->add_option("--base", score_inputs[1], "a base artifact's id")->required();
  run->add_option("--adapter", score_inputs[2], "an adapter artifact's id; the base alone without");
  StageRunOptions decide;
  std::vector<std::string> gate_inputs(3);
  auto* gate = app.add_subcommand("compare", "compare two scores and decide the gate");
  decide.add_to(*gate);
  gate->add_option("--base-scores", gate_inputs[0], "a scores artifact of the base")->required();
  gate->add_option("--tuned-scores", gate_inputs[1], "a scores artifact of the tuned model")
      ->required();
  gate->add_option("--base", gate_inputs[2], "the base artifact's id")->required();
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
  if (report_verb->parsed()) {
    const auto done = write_report(report_common, report, folder);
    if (!done.ok()) return fail(done.error(), report_common.json);
    if (!report_common.quiet && !report_common.json)
      fmt::print("wrote report.html, report.json and model_card.md to {}\n", folder);
    return 0;
  }
  if (show_verb->parsed()) return show(common, artifact);
  StageRunOptions& options = run->parsed() ? score : decide;
  for (const std::string& input : run->parsed() ? score_inputs : gate_inputs) {
    if (!input.empty()) options.inputs.push_back(input);
  }
  std::vector<std::string> made;
  const int status = run_stage(run->parsed() ? "eval" : "gate", options, Json::object(), &made);
  if (status != 0 || !gate->parsed() || made.empty()) return status;
  CommonOptions shown = decide.common;
  return show(shown, made.front());
}

}  // namespace residency::cli
