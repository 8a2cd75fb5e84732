#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/keys_aws.h"
#include "crypto/key_ring.h"

namespace residency::cli {

int keys_command(const Words& words) {
  CLI::App app{
      "The key ring, whose keys wrap every object's own key; and the access keys of the AWS APIs."};
  app.require_subcommand(1);
  CommonOptions common;
  auto* status = app.add_subcommand("status", "how many keys there are, and which is in use");
  auto* rotate = app.add_subcommand("rotate", "add a key that everything written from now on uses");
  common.add_to(*status);
  common.add_to(*rotate);
  AccessKeyChoice access;
  add_access_key_commands(app, common, access);
  if (auto ended = parse(app, words)) return *ended;
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  if (access.chosen()) return run_access_keys(**workspace, common, access);
  auto lock = rotate->parsed() ? (*workspace)->lock_for_writing()
                               : Result<std::unique_ptr<FileLock>>(std::unique_ptr<FileLock>());
  if (!lock.ok()) return fail(lock.error(), common.json);
  const char* given = std::getenv("RESIDENCY_PASSPHRASE");
  const auto passphrase = given == nullptr ? std::nullopt : std::optional<std::string>(given);
  auto ring = crypto::KeyRing::open(Env::posix(), (*workspace)->root() + "/keys", passphrase);
  if (!ring.ok()) return fail(ring.error(), common.json);
  if (rotate->parsed()) {
    if (auto rotated = (*ring)->rotate(); !rotated.ok()) return fail(rotated.error(), common.json);
  }
  if (common.json) {
    print_json({{"keys", (*ring)->count()},
                {"active", (*ring)->active()},
                {"passphrase", (*ring)->uses_passphrase()}});
  } else {
    fmt::print("{} keys, key {} in use, master key {}\n", (*ring)->count(), (*ring)->active(),
               (*ring)->uses_passphrase() ? "from a passphrase" : "in keys/master.key");
  }
  return 0;
}

}  // namespace residency::cli
