// Digests of the files a stage reads from outside the workspace.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"

namespace residency::pipeline {

/// SHA-256, hex, of a file's bytes; streams.
Result<std::string> file_sha256(Env& env, const std::string& path);

/// SHA-256, hex, over the relative path and digest of every file under a folder, sorted; of one
/// file where `path` is a file. Links are not followed.
Result<std::string> tree_sha256(Env& env, const std::string& path);

}  // namespace residency::pipeline
