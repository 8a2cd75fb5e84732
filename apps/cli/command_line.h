// What every command shares: parsing, the workspace, errors as text or JSON, tables.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::cli {

/// The options every command takes.
struct CommonOptions {
  std::string workspace;
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& app, bool with_workspace = true);
};

/// Parses `words`; the exit status where the command should end here (help shown, wrong usage).
std::optional<int> parse(CLI::App& app, const std::vector<std::string>& words);

/// Prints the error (on standard error, or as {"error":…} on standard output with `json`) and gives
/// its exit status.
int fail(const Error& error, bool json);

/// Prints one JSON value on standard output.
void print_json(const Json& value);

/// Rows of equal length under `headers`, columns aligned.
std::string render_table(const std::vector<std::string>& headers,
                         const std::vector<std::vector<std::string>>& rows);

Result<std::unique_ptr<store::Workspace>> open_workspace(const CommonOptions& common);

/// The path of this program, for starting workers.
std::string program_path();

}  // namespace residency::cli
