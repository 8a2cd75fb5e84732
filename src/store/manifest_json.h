// Manifests and jobs as JSON, for the database and for people.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::store {

Json to_json(const Manifest& manifest);
Result<Manifest> manifest_from_json(const Json& value);

Json to_json(const Job& job);
Result<Job> job_from_json(const Json& value);

/// "pending", "running", "done", "failed", "cancelled"
std::string_view state_name(JobState state);

/// SHA-256, hex, over the canonical list of blobs: what an artifact's id is taken from.
std::string content_sha256(const std::vector<Blob>& blobs);
std::string artifact_id(std::string_view kind, std::string_view content_sha256);

}  // namespace residency::store
