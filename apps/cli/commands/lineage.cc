#include "store/lineage.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"

namespace residency::cli {

int lineage_command(const Words& words) {
  CLI::App app{
      "Prints the way from an artifact back to its source files: each step with its job, "
      "counts, tool version and digests."};
  CommonOptions common;
  common.add_to(app);
  std::string id;
  app.add_option("artifact", id, "an artifact's id or prefix")->required();
  if (auto ended = parse(app, words)) return *ended;
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto graph = store::trace(**workspace, id);
  if (!graph.ok()) return fail(graph.error(), common.json);
  if (common.json) {
    print_json(graph->to_json());
  } else {
    fmt::print("{}", graph->to_text());
  }
  return 0;
}

}  // namespace residency::cli
