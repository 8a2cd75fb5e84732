// Running one stage from its own subcommand, as `residency run` would.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command_line.h"

namespace residency::cli {

/// The options that every stage's run verb takes.
struct StageRunOptions {
  CommonOptions common;
  std::string config_file;             // a YAML map of the stage's options
  std::vector<std::string> overrides;  // key=value
  std::vector<std::string> inputs;     // artifact ids or prefixes

  void add_to(CLI::App& app);
};

/// Merges `flags` over the config file and the overrides over both, runs the stage as a job, prints
/// the artifacts it made, and gives the exit status.
/// `made`, where given, takes the ids of the artifacts.
int run_stage(const std::string& stage, const StageRunOptions& options, const Json& flags,
              std::vector<std::string>* made = nullptr);

}  // namespace residency::cli
