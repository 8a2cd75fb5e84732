// MemoryWorkspace and MemoryAuditLog: a workspace without disk, database or keys, for the tests of
// rooms above store.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "audit/audit_log.h"
#include "store/workspace.h"

namespace residency::deploy::testing {

class MemoryWorkspace final : public store::Workspace {
 public:
  struct Artifact {
    store::Manifest manifest;
    std::map<std::string, std::string> blobs;
  };

  /// Adds an artifact of one blob and returns its id.
  std::string add(const std::string& kind, const std::string& blob, const std::string& bytes,
                  std::vector<std::string> parents = {}, Json properties = Json::object()) {
    Artifact artifact;
    artifact.manifest.kind = kind;
    artifact.manifest.parents = std::move(parents);
    artifact.manifest.properties = std::move(properties);
    artifact.blobs[blob] = bytes;
    return commit(std::move(artifact)).id;
  }

  store::Manifest commit(Artifact artifact) {
    std::string content;
    for (const auto& [name, bytes] : artifact.blobs) {
      content += name + ":" + bytes + ";";
      artifact.manifest.blobs.push_back({name, "", bytes.size()});
    }
    const auto digest = std::hash<std::string>{}(artifact.manifest.kind + content);
    artifact.manifest.id = artifact.manifest.kind + "-" + std::to_string(digest);
    return artifacts.try_emplace(artifact.manifest.id, artifact).first->second.manifest;
  }

  const std::string& root() const override { return root_; }
  Env& env() override { return Env::posix(); }
  Result<std::unique_ptr<FileLock>> lock_for_writing() override {
    return failed_precondition("not in memory");
  }
  Result<std::unique_ptr<store::ArtifactWriter>> write_artifact() override {
    return std::unique_ptr<store::ArtifactWriter>(std::make_unique<Writer>(*this));
  }
  Result<store::Manifest> manifest(const std::string& id) override {
    const auto found = artifacts.find(id);
    if (found == artifacts.end()) return not_found("no such artifact: " + id);
    return found->second.manifest;
  }
  Result<std::vector<store::Manifest>> list_artifacts(const std::string& kind) override {
    std::vector<store::Manifest> list;
    for (const auto& [id, artifact] : artifacts) {
      if (artifact.manifest.kind == kind) list.push_back(artifact.manifest);
    }
    return list;
  }
  bool has_artifact(const std::string& id) override { return artifacts.contains(id); }
  Result<std::unique_ptr<LineSource>> read_lines(const std::string&, const std::string&) override {
    return failed_precondition("not in memory");
  }
  Result<std::string> read_blob(const std::string& id, const std::string& blob) override {
    const auto found = artifacts.find(id);
    if (found == artifacts.end() || !found->second.blobs.contains(blob)) {
      return not_found("no such blob: " + blob);
    }
    return found->second.blobs.at(blob);
  }
  Result<std::unique_ptr<store::MaterializedFile>> materialize(const std::string& id,
                                                               const std::string& blob) override {
    RESIDENCY_TRY([[maybe_unused]] const auto bytes, read_blob(id, blob));
    return std::unique_ptr<store::MaterializedFile>(
        std::make_unique<File>("memory:" + id + "/" + blob, *this));
  }
  Result<void> put_state(const std::string&, std::string_view) override { return {}; }
  Result<std::optional<std::string>> get_state(const std::string&) override {
    return std::optional<std::string>{};
  }
  Result<void> remove_state(const std::string&) override { return {}; }
  Result<void> save_job(const store::Job&) override { return {}; }
  Result<std::optional<store::Job>> find_job(const std::string&) override {
    return std::optional<store::Job>{};
  }
  Result<std::vector<store::Job>> list_jobs() override { return std::vector<store::Job>{}; }
  Result<void> put_record(const std::string& kind, const std::string& name,
                          const Json& value) override {
    if (fail_records) return io_error("the disk is gone");
    records[kind][name] = value;
    return {};
  }
  Result<std::optional<Json>> get_record(const std::string& kind,
                                         const std::string& name) override {
    if (!records[kind].contains(name)) return std::optional<Json>{};
    return std::optional<Json>(records[kind][name]);
  }
  Result<std::vector<std::pair<std::string, Json>>> list_records(const std::string& kind) override {
    std::vector<std::pair<std::string, Json>> list(records[kind].begin(), records[kind].end());
    return list;
  }
  Result<std::string> secret(const std::string&) override { return std::string(32, 's'); }
  Result<std::vector<std::string>> verify() override { return std::vector<std::string>{}; }

  std::map<std::string, Artifact> artifacts;
  std::map<std::string, std::map<std::string, Json>> records;
  bool fail_records = false;
  int files_open = 0;

 private:
  class File final : public store::MaterializedFile {
   public:
    File(std::string path, MemoryWorkspace& workspace)
        : path_(std::move(path)), workspace_(workspace) {
      ++workspace_.files_open;
    }
    ~File() override { --workspace_.files_open; }
    const std::string& path() const override { return path_; }

   private:
    std::string path_;
    MemoryWorkspace& workspace_;
  };

  class Writer final : public store::ArtifactWriter, public LineSink {
   public:
    explicit Writer(MemoryWorkspace& workspace) : workspace_(workspace) {}
    Result<void> begin(const std::string& name) override {
      blob_ = name;
      return {};
    }
    Result<void> append(std::string_view bytes) override {
      artifact_.blobs[blob_] += bytes;
      return {};
    }
    LineSink& lines() override { return *this; }
    Result<void> write(std::string_view line) override { return append(std::string(line) + "\n"); }
    Result<store::Manifest> commit(store::Manifest manifest) override {
      artifact_.manifest = std::move(manifest);
      return workspace_.commit(std::move(artifact_));
    }

   private:
    MemoryWorkspace& workspace_;
    Artifact artifact_;
    std::string blob_;
  };

  std::string root_ = "memory";
};

class MemoryAuditLog final : public audit::AuditLog {
 public:
  Result<std::uint64_t> append(const audit::Event& event) override {
    if (fail) return io_error("the log is gone");
    events.push_back(event);
    return events.size();
  }
  Result<audit::VerifyReport> verify() override { return audit::VerifyReport{}; }
  Result<std::vector<std::string>> tail(std::size_t) override { return std::vector<std::string>{}; }

  std::vector<audit::Event> events;
  bool fail = false;
};

/// A file that lives as long as the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) {
    const int fd = ::mkstemp(path_.data());
    if (fd >= 0) ::close(fd);
    written_ = Env::posix().write_file_atomic(path_, bytes).ok();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }
  bool written() const { return written_; }

 private:
  std::string path_ = "/tmp/residency-test-XXXXXX";
  bool written_ = false;
};

}  // namespace residency::deploy::testing
