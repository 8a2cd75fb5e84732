#include "store/manifest_json.h"

#include <array>

#include "crypto/sha256.h"

namespace residency::store {
namespace {

constexpr std::size_t kIdHexDigits = 32;
constexpr std::array<std::string_view, 5> kStates{"pending", "running", "done", "failed",
                                                  "cancelled"};

std::vector<std::string> texts(const Json& array) {
  std::vector<std::string> values;
  for (const Json& item : array) {
    if (item.is_string()) values.push_back(item.get<std::string>());
  }
  return values;
}

}  // namespace

std::string_view state_name(JobState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string content_sha256(const std::vector<Blob>& blobs) {
  Json list = Json::array();
  for (const Blob& blob : blobs) list.push_back({blob.name, blob.sha256, blob.bytes});
  return crypto::sha256_hex(dump_json(list));
}

std::string artifact_id(std::string_view kind, std::string_view content) {
  return std::string(kind) + "-" + std::string(content.substr(0, kIdHexDigits));
}

Json to_json(const Manifest& manifest) {
  Json blobs = Json::array();
  for (const Blob& blob : manifest.blobs) {
    blobs.push_back({{"name", blob.name}, {"sha256", blob.sha256}, {"bytes", blob.bytes}});
  }
  return {{"id", manifest.id},
          {"kind", manifest.kind},
          {"content_sha256", manifest.content_sha256},
          {"blobs", std::move(blobs)},
          {"parents", manifest.parents},
          {"job", manifest.job},
          {"tool_version", manifest.tool_version},
          {"recipe_sha256", manifest.recipe_sha256},
          {"counts", manifest.counts},
          {"properties", manifest.properties},
          {"created_at", manifest.created_at}};
}

Result<Manifest> manifest_from_json(const Json& value) {
  Manifest manifest;
  manifest.id = json_text(value, "id");
  manifest.kind = json_text(value, "kind");
  manifest.content_sha256 = json_text(value, "content_sha256");
  for (const Json& item : json_member(value, "blobs")) {
    const std::int64_t bytes = json_integer(item, "bytes", -1);
    if (bytes < 0) return corrupt("manifest names a blob without a size");
    manifest.blobs.push_back(
        {json_text(item, "name"), json_text(item, "sha256"), static_cast<std::uint64_t>(bytes)});
  }
  manifest.parents = texts(json_member(value, "parents"));
  manifest.job = json_text(value, "job");
  manifest.tool_version = json_text(value, "tool_version");
  manifest.recipe_sha256 = json_text(value, "recipe_sha256");
  const Json& counts = json_member(value, "counts");
  if (counts.is_object()) {
    for (const auto& [name, count] : counts.items()) {
      if (count.is_number_integer()) manifest.counts[name] = count.get<std::int64_t>();
    }
  }
  manifest.properties = json_member(value, "properties");
  manifest.created_at = json_text(value, "created_at");
  const bool consistent = !manifest.kind.empty() &&
                          manifest.content_sha256 == content_sha256(manifest.blobs) &&
                          manifest.id == artifact_id(manifest.kind, manifest.content_sha256);
  if (!consistent) return corrupt("manifest does not describe its own blobs");
  return manifest;
}

Json to_json(const Job& job) {
  return {{"id", job.id},
          {"key", job.key},
          {"stage", job.stage},
          {"name", job.name},
          {"state", std::string(state_name(job.state))},
          {"options", job.options_json},
          {"inputs", job.inputs},
          {"outputs", job.outputs},
          {"error_code", job.error_code},
          {"error_message", job.error_message},
          {"started_ms", job.started_ms},
          {"ended_ms", job.ended_ms},
          {"attempts", job.attempts}};
}

Result<Job> job_from_json(const Json& value) {
  Job job;
  job.id = json_text(value, "id");
  job.key = json_text(value, "key");
  job.stage = json_text(value, "stage");
  job.name = json_text(value, "name");
  const std::string state = json_text(value, "state");
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == state) job.state = static_cast<JobState>(i);
  }
  job.options_json = json_text(value, "options");
  job.inputs = texts(json_member(value, "inputs"));
  job.outputs = texts(json_member(value, "outputs"));
  job.error_code = json_text(value, "error_code");
  job.error_message = json_text(value, "error_message");
  job.started_ms = json_integer(value, "started_ms");
  job.ended_ms = json_integer(value, "ended_ms");
  job.attempts = json_integer(value, "attempts");
  if (job.id.empty() || job.key.empty()) return corrupt("job without id or key");
  return job;
}

}  // namespace residency::store
