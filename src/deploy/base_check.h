// Checks that a base model's file is the one a deployment names.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"
#include "deploy/deployment.h"

namespace residency::deploy {

/// SHA-256 of a file's bytes as 64 lower-case hex digits, read in pieces.
Result<std::string> sha256_of_file(Env& env, const std::string& path);

/// kCorrupt, with both digests, where the file at `base.path` is not the one of `base.sha256`.
Result<void> verify_base(Env& env, const BaseModel& base);

}  // namespace residency::deploy
