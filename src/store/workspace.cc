#include "store/workspace.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "crypto/crypto.h"
#include "store/artifact_writer.h"
#include "store/database.h"
#include "store/layout.h"
#include "store/manifest_json.h"
#include "store/memory_file.h"
#include "store/objects.h"

namespace residency::store {
namespace {

constexpr std::size_t kPrefixHexDigitsMin = 6;
constexpr std::size_t kStateNameBytesMax = 200;

std::optional<std::string> passphrase() {
  const char* given = std::getenv("RESIDENCY_PASSPHRASE");
  if (given == nullptr || *given == '\0') return std::nullopt;
  return std::string(given);
}

bool is_state_name(std::string_view name) {
  return !name.empty() && name.size() <= kStateNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                  c == '.' || c == '-';
         });
}

/// One file per state: slashes become '+', which names do not hold.
std::string state_file(std::string_view name) {
  std::string file(name);
  std::replace(file.begin(), file.end(), '/', '+');
  return file;
}

class DiskWorkspace final : public Workspace {
 public:
  DiskWorkspace(Env& env, std::string root, std::unique_ptr<crypto::KeyRing> ring,
                std::unique_ptr<Database> database, std::string name_key)
      : env_(env),
        root_(std::move(root)),
        ring_(std::move(ring)),
        database_(std::move(database)),
        objects_(env, root_, *ring_, std::move(name_key)) {}

  const std::string& root() const override { return root_; }
  Env& env() override { return env_; }

  Result<std::unique_ptr<FileLock>> lock_for_writing() override {
    auto lock = env_.lock(root_ + std::string(kWriterLock));
    if (!lock.ok() && lock.error().code() == ErrorCode::kFailedPrecondition) {
      return failed_precondition(
          "another process is working in this workspace; wait for it or stop it: " + root_);
    }
    if (lock.ok()) RESIDENCY_TRY_VOID(remove_leftovers(env_, root_));
    return lock;
  }

  Result<std::unique_ptr<ArtifactWriter>> write_artifact() override {
    return start_artifact(objects_, *database_);
  }

  Result<Manifest> manifest(const std::string& id) override {
    RESIDENCY_TRY(const std::string full, full_id(id));
    RESIDENCY_TRY(const auto row, database_->get("manifest", full));
    if (!row) return not_found("no such artifact: " + id);
    RESIDENCY_TRY(const Json parsed, parse_json(*row));
    return manifest_from_json(parsed);
  }

  Result<std::vector<Manifest>> list_artifacts(const std::string& kind) override {
    RESIDENCY_TRY(const auto rows, database_->list("manifest"));
    std::vector<Manifest> manifests;
    for (const Database::Row& row : rows) {
      RESIDENCY_TRY(const Json parsed, parse_json(row.value));
      RESIDENCY_TRY(Manifest made, manifest_from_json(parsed));
      if (kind.empty() || made.kind == kind) manifests.push_back(std::move(made));
    }
    return manifests;
  }

  bool has_artifact(const std::string& id) override {
    auto found = manifest(id);
    return found.ok() && found->id == id &&
           std::all_of(found->blobs.begin(), found->blobs.end(), [&](const Blob& blob) {
             return env_.exists(objects_.path_of(found->kind, blob));
           });
  }

  Result<std::unique_ptr<LineSource>> read_lines(const std::string& id,
                                                 const std::string& blob) override {
    RESIDENCY_TRY(const auto found, blob_of(id, blob));
    return objects_.lines(found.first, found.second);
  }

  Result<std::string> read_blob(const std::string& id, const std::string& blob) override {
    RESIDENCY_TRY(const auto found, blob_of(id, blob));
    return objects_.read(found.first, found.second);
  }

  Result<std::unique_ptr<MaterializedFile>> materialize(const std::string& id,
                                                        const std::string& blob) override {
    RESIDENCY_TRY(const std::string bytes, read_blob(id, blob));
    return make_memory_file(bytes);
  }

  Result<void> put_state(const std::string& name, std::string_view bytes) override {
    if (!is_state_name(name)) return internal_error("a state's name is not allowed");
    const std::string path = root_ + std::string(kStateFolder) + "/" + state_file(name);
    RESIDENCY_TRY(auto file, env_.create(path + ".part"));
    RESIDENCY_TRY(auto envelope, crypto::EnvelopeWriter::start(*ring_, "residency state " + name,
                                                               std::move(file)));
    RESIDENCY_TRY_VOID(envelope.append(bytes));
    RESIDENCY_TRY_VOID(envelope.finish());
    RESIDENCY_TRY_VOID(env_.rename(path + ".part", path));
    return env_.sync_directory(root_ + std::string(kStateFolder));
  }

  Result<std::optional<std::string>> get_state(const std::string& name) override {
    if (!is_state_name(name)) return internal_error("a state's name is not allowed");
    const std::string path = root_ + std::string(kStateFolder) + "/" + state_file(name);
    if (!env_.exists(path)) return std::optional<std::string>();
    RESIDENCY_TRY(auto file, env_.open_read(path));
    RESIDENCY_TRY(auto reader,
                  crypto::EnvelopeReader::open(*ring_, "residency state " + name, std::move(file)));
    std::string bytes;
    while (!reader.at_end()) {
      RESIDENCY_TRY(const std::string piece, reader.next());
      bytes += piece;
    }
    return std::optional<std::string>(std::move(bytes));
  }

  Result<void> remove_state(const std::string& prefix) override {
    const std::string folder = root_ + std::string(kStateFolder);
    RESIDENCY_TRY(const auto entries, env_.list(folder));
    for (const DirEntry& entry : entries) {
      if (entry.name.rfind(state_file(prefix), 0) == 0) {
        RESIDENCY_TRY_VOID(env_.remove(folder + "/" + entry.name));
      }
    }
    return {};
  }

  Result<void> save_job(const Job& job) override {
    RESIDENCY_TRY_VOID(database_->put("job", job.id, dump_json(to_json(job))));
    return database_->put("job_key", job.key, job.id);
  }

  Result<std::optional<Job>> find_job(const std::string& id_or_key) override {
    std::string id = id_or_key;
    RESIDENCY_TRY(const auto by_key, database_->get("job_key", id_or_key));
    if (by_key) id = *by_key;
    RESIDENCY_TRY(const auto row, database_->get("job", id));
    if (!row) return std::optional<Job>();
    RESIDENCY_TRY(const Json parsed, parse_json(*row));
    RESIDENCY_TRY(Job job, job_from_json(parsed));
    return std::optional<Job>(std::move(job));
  }

  Result<std::vector<Job>> list_jobs() override {
    RESIDENCY_TRY(const auto rows, database_->list("job"));
    std::vector<Job> jobs;
    for (const Database::Row& row : rows) {
      RESIDENCY_TRY(const Json parsed, parse_json(row.value));
      RESIDENCY_TRY(Job job, job_from_json(parsed));
      jobs.push_back(std::move(job));
    }
    return jobs;
  }

  Result<void> put_record(const std::string& kind, const std::string& name,
                          const Json& value) override {
    return database_->put("record/" + kind, name, dump_json(value));
  }

  Result<std::optional<Json>> get_record(const std::string& kind,
                                         const std::string& name) override {
    RESIDENCY_TRY(const auto row, database_->get("record/" + kind, name));
    if (!row) return std::optional<Json>();
    RESIDENCY_TRY(Json parsed, parse_json(*row));
    return std::optional<Json>(std::move(parsed));
  }

  Result<std::vector<std::pair<std::string, Json>>> list_records(const std::string& kind) override {
    RESIDENCY_TRY(const auto rows, database_->list("record/" + kind));
    std::vector<std::pair<std::string, Json>> records;
    for (const Database::Row& row : rows) {
      RESIDENCY_TRY(Json parsed, parse_json(row.value));
      records.emplace_back(row.name, std::move(parsed));
    }
    return records;
  }

  Result<std::string> secret(const std::string& purpose) override {
    return ring_->purpose_secret(purpose);
  }

  Result<std::vector<std::string>> verify() override {
    std::vector<std::string> problems;
    auto manifests = list_artifacts("");
    if (!manifests.ok()) {
      problems.push_back(manifests.error().message());
      return problems;
    }
    for (const Manifest& manifest : *manifests) {
      for (const Blob& blob : manifest.blobs) {
        if (auto bytes = objects_.read(manifest.kind, blob); !bytes.ok()) {
          problems.push_back(
              fmt::format("{} {}: {}", manifest.id, blob.name, bytes.error().message()));
        }
      }
    }
    return problems;
  }

 private:
  Result<std::pair<std::string, Blob>> blob_of(const std::string& id, const std::string& name) {
    RESIDENCY_TRY(const auto found, manifest(id));
    for (const Blob& blob : found.blobs) {
      if (blob.name == name) return std::pair(found.kind, blob);
    }
    std::string names;
    for (const Blob& blob : found.blobs) names += " " + blob.name;
    return not_found(
        fmt::format("artifact {} has no blob of that name; it has:{}", found.id, names));
  }

  Result<std::string> full_id(const std::string& id) {
    const auto dash = id.find_last_of('-');
    const std::size_t digits = dash == std::string::npos ? 0 : id.size() - dash - 1;
    if (digits < kPrefixHexDigitsMin) {
      return invalid_argument(fmt::format(
          "an artifact is named by its kind, '-' and at least {} digits of its digest: {}",
          kPrefixHexDigitsMin, id));
    }
    RESIDENCY_TRY(const auto found, database_->names("manifest", id, 2));
    if (found.empty()) return not_found("no such artifact: " + id);
    if (found.size() > 1) return invalid_argument("more than one artifact begins so: " + id);
    return found.front();
  }

  Env& env_;
  std::string root_;
  std::unique_ptr<crypto::KeyRing> ring_;
  std::unique_ptr<Database> database_;
  Objects objects_;
};

}  // namespace

Result<void> Workspace::init(Env& env, const std::string& root) {
  if (env.exists(root + std::string(kDatabaseFile)) ||
      env.exists(root + std::string(kKeysFolder) + "/ring.json")) {
    return already_exists("a workspace exists already: " + root);
  }
  RESIDENCY_TRY_VOID(env.make_directories(root));
  for (std::string_view folder : kObjectFolders)
    RESIDENCY_TRY_VOID(env.make_directories(root + std::string(folder)));
  for (std::string_view folder : {kAsideFolder, kStateFolder, std::string_view("/audit")}) {
    RESIDENCY_TRY_VOID(env.make_directories(root + std::string(folder)));
  }
  RESIDENCY_TRY_VOID(crypto::KeyRing::create(env, root + std::string(kKeysFolder), passphrase()));
  return Database::create(root + std::string(kDatabaseFile));
}

Result<std::unique_ptr<Workspace>> Workspace::open(Env& env, const std::string& root) {
  if (!env.exists(root + std::string(kDatabaseFile))) {
    return not_found(fmt::format("there is no workspace; make one with: residency init {}", root));
  }
  RESIDENCY_TRY(auto ring,
                crypto::KeyRing::open(env, root + std::string(kKeysFolder), passphrase()));
  RESIDENCY_TRY(std::string code_key, ring->purpose_secret("database rows"));
  RESIDENCY_TRY(std::string name_key, ring->purpose_secret("object names"));
  RESIDENCY_TRY(auto database,
                Database::open(root + std::string(kDatabaseFile), std::move(code_key)));
  return std::unique_ptr<Workspace>(std::make_unique<DiskWorkspace>(
      env, root, std::move(ring), std::move(database), std::move(name_key)));
}

}  // namespace residency::store
