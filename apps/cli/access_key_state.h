// The access keys of a workspace, in its encrypted state.
#pragma once

#include "base/result.h"
#include "server/aws/access_keys.h"
#include "store/workspace.h"

namespace residency::cli {

/// None where there were never any.
Result<server::AccessKeys> read_access_keys(store::Workspace& workspace);
/// The caller holds the workspace's writer lock.
Result<void> write_access_keys(store::Workspace& workspace, const server::AccessKeys& keys);

}  // namespace residency::cli
