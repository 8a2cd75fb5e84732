// A suite of benchmarks, run and shown.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "eval/suite.h"

namespace residency::cli {

/// Runs the suite in the file `path` and prints its table; the exit status, 3 where its gate says
/// no.
int run_suite_file(const CommonOptions& common, const std::string& path,
                   const std::vector<std::string>& overrides, bool plan_only);

/// Prints a suite artifact; the gate's exit status.
Result<int> show_suite(store::Workspace& workspace, const std::string& artifact, bool json);

/// suite.html, suite.json and model_card_NAME.md of each benchmark, into `folder`.
Result<void> write_suite(store::Workspace& workspace, const std::string& artifact,
                         const std::string& folder);

}  // namespace residency::cli
