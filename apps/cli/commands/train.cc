#include <cstdlib>
#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/train_sweep.h"
#include "cli/stage_run.h"
#include "pipeline/stages/run_folder.h"
#include "pipeline/training_ranks.h"

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

int follow_rank_zero(const CommonOptions& common) {
  const auto done = pipeline::follow_training(common.workspace);
  return done.ok() ? 0 : fail(done.error(), common.json);
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
  int ranks = 1;
  run->add_option("--ranks", ranks,
                  "processes on this machine that train together, each on its share of the cores")
      ->check(CLI::Range(1, train::kRanksMax))
      ->capture_default_str();
  auto* follow = app.add_subcommand(
      "follow", "train with the rank 0 that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT name");
  CommonOptions follow_options;
  follow_options.add_to(*follow);
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
  if (follow->parsed()) return follow_rank_zero(follow_options);
  // torchrun and Slurm start every rank with the same words: those above 0 follow.
  const auto address = train::rank_address([](const char* name) { return std::getenv(name); });
  if (!address.ok()) return fail(address.error(), options.common.json);
  if (*address && (*address)->rank > 0) return follow_rank_zero(options.common);
  if (ranks > 1) ::setenv(pipeline::kRanksVariable, std::to_string(ranks).c_str(), 1);
  options.inputs = {dataset, base};
  return run_stage("train", options, Json::object());
}

}  // namespace residency::cli
