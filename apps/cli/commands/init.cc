#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "deid/transform/crosswalk_vault.h"

namespace residency::cli {

int init_command(const Words& words) {
  CLI::App app{
      "Makes a workspace: a folder with a database, an encrypted object store, a key ring "
      "and an audit log."};
  CommonOptions common;
  common.add_to(app, false);
  std::string root = ".residency";
  app.add_option("folder", root, "where to make it")->capture_default_str();
  if (auto ended = parse(app, words)) return *ended;
  auto made = store::Workspace::init(Env::posix(), root);
  if (made.ok())
    made = deid::CrosswalkVault::create(Env::posix(), deid::CrosswalkPlace::of_workspace(root));
  if (!made.ok()) return fail(made.error(), common.json);
  if (common.json) {
    print_json({{"workspace", root}});
  } else {
    fmt::print(
        "made the workspace {}\nkeep a copy of {}/keys in a safe place: without it nothing can be "
        "read\n",
        root, root);
  }
  return 0;
}

}  // namespace residency::cli
