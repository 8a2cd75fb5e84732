#include "cli/access_key_state.h"

#include "base/json.h"

namespace residency::cli {

Result<server::AccessKeys> read_access_keys(store::Workspace& workspace) {
  RESIDENCY_TRY(const auto bytes, workspace.get_state(std::string(server::AccessKeys::kStateName)));
  if (!bytes) return server::AccessKeys();
  RESIDENCY_TRY(const Json json, parse_json(*bytes));
  return server::AccessKeys::from_json(json);
}

Result<void> write_access_keys(store::Workspace& workspace, const server::AccessKeys& keys) {
  return workspace.put_state(std::string(server::AccessKeys::kStateName),
                             dump_json(keys.to_json()));
}

}  // namespace residency::cli
