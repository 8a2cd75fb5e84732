#include "cli/commands/train_sweep.h"

#include <fmt/format.h>
#include <memory>

#include "base/env.h"
#include "base/json.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/terminal_progress.h"
#include "pipeline/pipeline.h"
#include "pipeline/sweep.h"

namespace residency::cli {
namespace {

std::vector<std::vector<std::string>> rows_of(const pipeline::SweepResult& result) {
  std::vector<std::vector<std::string>> rows;
  for (const pipeline::SweepPoint& point : result.points) {
    rows.push_back(
        {point.validation_loss ? fmt::format("{:.4f}", *point.validation_loss) : "failed",
         std::to_string(point.steps), fmt::format("{}", fmt::join(point.settings, " ")),
         point.artifact});
  }
  return rows;
}

Result<void> write_result(const pipeline::SweepResult& result, const std::string& folder) {
  Env& env = Env::posix();
  RESIDENCY_TRY_VOID(env.make_directories(folder));
  RESIDENCY_TRY_VOID(
      env.write_file_atomic(folder + "/sweep.json", result.to_json().dump(2) + "\n"));
  RESIDENCY_TRY_VOID(env.write_file_atomic(folder + "/sweep.csv", result.csv()));
  return env.write_file_atomic(folder + "/sweep.svg", result.svg());
}

}  // namespace

void SweepCommand::add_to(CLI::App& train) {
  app_ = train.add_subcommand(
      "sweep",
      "train a recipe under many options and compare the validation losses; the same command goes "
      "on where it was stopped");
  common_.add_to(*app_);
  app_->add_option("recipe", options_.recipe, "a recipe file")->required();
  app_->add_option("--grid", options_.grid,
                   "an axis: train.learning_rate=1e-4,3e-4 (repeatable; all combinations)")
      ->required();
  app_->add_option("-s,--set", options_.overrides, "set one option of every run (repeatable)");
  app_->add_option("--halving", options_.halving_steps,
                   "successive halving: the first rung trains so many steps; 0: all to the end")
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  app_->add_option("--factor", options_.halving_factor,
                   "each next rung: so many times the steps, for one in so many")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  app_->add_option("--out", out_, "a folder for sweep.json, sweep.csv and sweep.svg");
}

int SweepCommand::run() {
  const auto work = [&]() -> Result<pipeline::SweepResult> {
    RESIDENCY_TRY(const auto workspace, open_workspace(common_));
    RESIDENCY_TRY(const auto lock, workspace->lock_for_writing());
    pipeline::LocalExecutor executor(program_path(), workspace->root());
    TerminalProgress progress(common_.quiet || common_.json);
    const pipeline::SweepListener listener = [&](const pipeline::SweepPoint& point,
                                                 std::size_t number, std::size_t count) {
      progress.title(fmt::format("{}/{} {}", number, count, fmt::join(point.settings, " ")));
    };
    RESIDENCY_TRY(auto result,
                  pipeline::run_sweep(*workspace, executor, options_, progress, listener));
    progress.clear();
    if (!out_.empty()) RESIDENCY_TRY_VOID(write_result(result, out_));
    return result;
  };
  const auto result = work();
  if (!result.ok()) return fail(result.error(), common_.json);
  if (common_.json)
    print_json({{"points", result->to_json()}});
  else
    fmt::print("{}", render_table({"LOSS", "STEPS", "SETTINGS", "ARTIFACT"}, rows_of(*result)));
  return result->points.front().validation_loss ? 0 : 1;
}

}  // namespace residency::cli
