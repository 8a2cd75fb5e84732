// How artifacts are written: encrypted aside, renamed, then made visible in one row.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/database.h"
#include "store/objects.h"
#include "store/workspace.h"

namespace residency::store {

Result<std::unique_ptr<ArtifactWriter>> start_artifact(const Objects& objects, Database& database);

/// Takes away what a killed writer left aside. Only for the holder of the writer lock.
Result<void> remove_leftovers(Env& env, const std::string& root);

}  // namespace residency::store
