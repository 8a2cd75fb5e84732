#include "cli/commands/keys_aws.h"

#include <fmt/format.h>
#include <unistd.h>

#include "audit/audit_log.h"
#include "base/env.h"
#include "cli/access_key_state.h"

namespace residency::cli {
namespace {

Result<void> audited(store::Workspace& workspace, const std::string& type, const std::string& id) {
  RESIDENCY_TRY(const auto log, audit::AuditLog::open(workspace));
  audit::Event event;
  event.type = type;
  event.phase = "outcome";
  event.outcome = "success";
  event.actor = "os:" + std::to_string(::getuid());
  event.objects = {id};
  RESIDENCY_TRY_VOID(log->append(event));
  return {};
}

Result<server::AccessKey> create_key(store::Workspace& workspace, const std::string& name) {
  RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
  RESIDENCY_TRY(auto keys, read_access_keys(workspace));
  RESIDENCY_TRY(auto key, keys.create(name, format_utc(Env::posix().now_unix_ms())));
  RESIDENCY_TRY_VOID(write_access_keys(workspace, keys));
  RESIDENCY_TRY_VOID(audited(workspace, "access_key.create", key.id));
  return key;
}

Result<void> revoke_key(store::Workspace& workspace, const std::string& id) {
  RESIDENCY_TRY(const auto lock, workspace.lock_for_writing());
  RESIDENCY_TRY(auto keys, read_access_keys(workspace));
  RESIDENCY_TRY_VOID(keys.revoke(id));
  RESIDENCY_TRY_VOID(write_access_keys(workspace, keys));
  return audited(workspace, "access_key.revoke", id);
}

int list_keys(store::Workspace& workspace, bool json) {
  const auto keys = read_access_keys(workspace);
  if (!keys.ok()) return fail(keys.error(), json);
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const server::AccessKey& key : keys->list()) {
    list.push_back({{"id", key.id}, {"name", key.name}, {"created_at", key.created_at}});
    rows.push_back({key.id, key.name, key.created_at});
  }
  if (json) {
    print_json({{"access_keys", std::move(list)}});
  } else {
    fmt::print("{}", render_table({"ID", "NAME", "CREATED"}, rows));
  }
  return 0;
}

}  // namespace

void add_access_key_commands(CLI::App& app, CommonOptions& common, AccessKeyChoice& choice) {
  auto* aws = app.add_subcommand("aws", "access keys of the AWS APIs that residency serve answers");
  aws->require_subcommand(1);
  choice.create = aws->add_subcommand("create", "make a key; its secret is shown this once");
  choice.list = aws->add_subcommand("list", "ids and names; never secrets");
  choice.revoke = aws->add_subcommand("revoke", "a key stops working when the server restarts");
  for (CLI::App* command : {choice.create, choice.list, choice.revoke}) common.add_to(*command);
  choice.create->add_option("name", choice.name, "whose key it is")->required();
  choice.revoke->add_option("id", choice.id, "the access key's id")->required();
}

int run_access_keys(store::Workspace& workspace, const CommonOptions& common,
                    const AccessKeyChoice& choice) {
  if (choice.list->parsed()) return list_keys(workspace, common.json);
  if (choice.revoke->parsed()) {
    const auto revoked = revoke_key(workspace, choice.id);
    if (!revoked.ok()) return fail(revoked.error(), common.json);
    if (!common.json) fmt::print("revoked; restart residency serve\n");
    return 0;
  }
  const auto key = create_key(workspace, choice.name);
  if (!key.ok()) return fail(key.error(), common.json);
  if (common.json) {
    print_json({{"id", key->id}, {"secret", key->secret}, {"name", key->name}});
  } else {
    fmt::print("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", key->id, key->secret);
    fmt::print(stderr, "the secret is not shown again\n");
  }
  return 0;
}

}  // namespace residency::cli
