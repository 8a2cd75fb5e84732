#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/stage_run.h"

namespace residency::cli {

int train_command(const Words& words) {
  CLI::App app{
      "Fine-tunes a base model on a data set. Interrupted training goes on from its last "
      "checkpoint when the same command is given again."};
  app.require_subcommand(1);
  StageRunOptions options;
  std::string dataset;
  std::string base;
  auto* run = app.add_subcommand("run", "train a LoRA adapter");
  options.add_to(*run);
  run->add_option("--dataset", dataset, "a dataset artifact's id")->required();
  run->add_option("--base", base, "a base artifact's id (residency models add)")->required();
  if (auto ended = parse(app, words)) return *ended;
  options.inputs = {dataset, base};
  return run_stage("train", options, Json::object());
}

}  // namespace residency::cli
