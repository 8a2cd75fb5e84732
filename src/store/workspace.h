// Workspace: the folder that holds a site's database, encrypted objects, key ring and audit log.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/line_io.h"
#include "base/result.h"

namespace residency::store {

/// One file of an artifact.
struct Blob {
  std::string name;         // "records.jsonl", "adapter.gguf"
  std::string sha256;       // of the plaintext, hex
  std::uint64_t bytes = 0;  // of the plaintext
};

/// What an artifact is, and where it came from. `id` is "<kind>-" and the first 32 hex digits of
/// the SHA-256 over the canonical list of its blobs (name, sha256, bytes), so equal content has an
/// equal id whoever made it; times and job ids are not part of it.
struct Manifest {
  std::string id;
  std::string kind;  // "corpus.raw", "corpus.clean", "dataset", "model", "adapter", "report",
                     // "deployment", "source", "base"
  std::string content_sha256;        // the full digest behind `id`
  std::vector<Blob> blobs;           // sorted by name
  std::vector<std::string> parents;  // artifact ids, sorted
  std::string job;                   // the job that made it
  std::string tool_version;
  std::string recipe_sha256;  // of the stage's canonical options
  std::map<std::string, std::int64_t> counts;
  Json properties = Json::object();  // certificate, licence, hyper-parameters, ...; never PHI
  std::string created_at;            // UTC
};

/// Writes one artifact: blobs first, then commit(). Dropped uncommitted, it leaves nothing.
class ArtifactWriter {
 public:
  virtual ~ArtifactWriter() = default;
  /// Starts the blob `name`; appends go to it until the next begin() or commit().
  virtual Result<void> begin(const std::string& name) = 0;
  virtual Result<void> append(std::string_view bytes) = 0;
  /// A LineSink that appends to the blob begun last.
  virtual LineSink& lines() = 0;
  /// Makes the artifact visible, durable and linked to its parents, in one step. `manifest`'s id,
  /// content_sha256, blobs and created_at are filled in. Committing content that exists already
  /// keeps the first manifest and returns it.
  virtual Result<Manifest> commit(Manifest manifest) = 0;
};

/// A blob's plaintext in memory behind a path ("/proc/self/fd/N"), for libraries that want a file.
class MaterializedFile {
 public:
  virtual ~MaterializedFile() = default;
  virtual const std::string& path() const = 0;
};

enum class JobState : std::uint8_t { kPending, kRunning, kDone, kFailed, kCancelled };

/// One run of one stage. `key` is the digest of stage, options and input artifacts: the same key
/// never runs twice once it is done.
struct Job {
  std::string id;  // "j-" and 12 hex digits of the key
  std::string key;
  std::string stage;  // "ingest", "deid", "dataset", "train", "eval", "deploy"
  std::string name;   // the stage's name in the recipe
  JobState state = JobState::kPending;
  std::string options_json;
  std::vector<std::string> inputs;   // artifact ids
  std::vector<std::string> outputs;  // artifact ids
  std::string error_code;            // of the last failure
  std::string error_message;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  std::int64_t attempts = 0;
};

/// Opened by many processes at once; one of them may hold the writer lock.
class Workspace {
 public:
  virtual ~Workspace() = default;

  /// Makes a new workspace: folders, database, key ring. kAlreadyExists where there is one.
  static Result<void> init(Env& env, const std::string& root);
  static Result<std::unique_ptr<Workspace>> open(Env& env, const std::string& root);

  virtual const std::string& root() const = 0;
  virtual Env& env() = 0;

  /// Excludes other writers for the life of the lock; kFailedPrecondition, saying so, while another
  /// process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock_for_writing() = 0;

  virtual Result<std::unique_ptr<ArtifactWriter>> write_artifact() = 0;
  /// By full id or an unambiguous prefix of at least 6 characters of the hex part.
  virtual Result<Manifest> manifest(const std::string& id) = 0;
  virtual Result<std::vector<Manifest>> list_artifacts(const std::string& kind) = 0;
  virtual bool has_artifact(const std::string& id) = 0;
  /// Decrypted and checked against the blob's digest while it streams; the last next() fails with
  /// kCorrupt where it differs.
  virtual Result<std::unique_ptr<LineSource>> read_lines(const std::string& id,
                                                         const std::string& blob) = 0;
  virtual Result<std::string> read_blob(const std::string& id, const std::string& blob) = 0;
  virtual Result<std::unique_ptr<MaterializedFile>> materialize(const std::string& id,
                                                                const std::string& blob) = 0;

  /// Encrypted, named, mutable blobs outside the artifact graph: checkpoints, crosswalk state.
  /// put is atomic and durable. Names are [a-z0-9/_.-].
  virtual Result<void> put_state(const std::string& name, std::string_view bytes) = 0;
  virtual Result<std::optional<std::string>> get_state(const std::string& name) = 0;
  virtual Result<void> remove_state(const std::string& prefix) = 0;

  /// Jobs and deployments (records by kind and name, JSON values, never PHI).
  virtual Result<void> save_job(const Job& job) = 0;
  virtual Result<std::optional<Job>> find_job(const std::string& id_or_key) = 0;
  virtual Result<std::vector<Job>> list_jobs() = 0;
  virtual Result<void> put_record(const std::string& kind, const std::string& name,
                                  const Json& value) = 0;
  virtual Result<std::optional<Json>> get_record(const std::string& kind,
                                                 const std::string& name) = 0;
  virtual Result<std::vector<std::pair<std::string, Json>>> list_records(
      const std::string& kind) = 0;

  /// 32 secret bytes for `purpose` ("crosswalk", "audit"), from the key ring; the same every time.
  virtual Result<std::string> secret(const std::string& purpose) = 0;

  /// Every object decrypts and has its digest; problems as text, one each, never content.
  virtual Result<std::vector<std::string>> verify() = 0;
};

}  // namespace residency::store
