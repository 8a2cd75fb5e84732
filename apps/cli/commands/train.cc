#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/train_sweep.h"
#include "cli/stage_run.h"
#include "pipeline/stages/run_folder.h"

namespace residency::cli {
namespace {

constexpr double kUsdPerHour = 8;

Result<train::RunCost> cost_of(const CommonOptions& common, const std::string& artifact) {
  RESIDENCY_TRY(const auto workspace, open_workspace(common));
  RESIDENCY_TRY(const store::Manifest manifest, workspace->manifest(artifact));
  return pipeline::read_run_cost(workspace->env(), workspace->root() + "/runs/" + manifest.job);
}

int show_cost(const CommonOptions& common, const std::string& artifact, double usd_per_hour) {
  const auto cost = cost_of(common, artifact);
  if (!cost.ok()) return fail(cost.error(), common.json);
  if (common.json) {
    Json json = cost->to_json();
    json["usd_per_hour"] = usd_per_hour;
    json["usd"] = cost->money_usd(usd_per_hour);
    print_json(json);
    return 0;
  }
  fmt::print("wall time    {:.4f} h\nCPU time     {:.4f} h\npeak memory  {:.0f} MB\n",
             cost->wall_hours, cost->cpu_hours, static_cast<double>(cost->peak_rss_bytes) / 1e6);
  fmt::print("energy       {}\n", cost->energy_wh ? fmt::format("{:.2f} Wh", *cost->energy_wh)
                                                  : "not told by this machine");
  fmt::print("money        {:.4f} USD at {:g} USD an hour\n", cost->money_usd(usd_per_hour),
             usd_per_hour);
  return 0;
}

}  // namespace

int train_command(const Words& words) {
  CLI::App app{
      "Fine-tunes a base model on a data set. Interrupted training goes on from its last "
      "checkpoint when the same command is given again."};
  app.require_subcommand(1);
  StageRunOptions options;
  std::string dataset;
  std::string base;
  auto* run = app.add_subcommand("run", "train an adapter, or with method full a model");
  options.add_to(*run);
  run->add_option("--dataset", dataset, "a dataset artifact's id")->required();
  run->add_option("--base", base, "a base artifact's id (residency models add)")->required();
  auto* cost = app.add_subcommand("cost", "what a training took: time, memory, energy, money");
  CommonOptions cost_options;
  std::string adapter;
  double usd_per_hour = kUsdPerHour;
  cost_options.add_to(*cost);
  cost->add_option("adapter", adapter, "an adapter artifact's id")->required();
  cost->add_option("--rate", usd_per_hour, "US dollars an hour")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  SweepCommand sweep;
  sweep.add_to(app);
  if (auto ended = parse(app, words)) return *ended;
  if (sweep.parsed()) return sweep.run();
  if (cost->parsed()) return show_cost(cost_options, adapter, usd_per_hour);
  options.inputs = {dataset, base};
  return run_stage("train", options, Json::object());
}

}  // namespace residency::cli
