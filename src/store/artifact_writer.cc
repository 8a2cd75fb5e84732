#include "store/artifact_writer.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/log.h"
#include "crypto/envelope.h"
#include "crypto/random.h"
#include "crypto/sha256.h"
#include "store/layout.h"
#include "store/manifest_json.h"

namespace residency::store {
namespace {

constexpr std::size_t kBlobsMax = 1024;
constexpr std::size_t kNameBytesMax = 128;

bool is_blob_name(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                  c == '-';
         });
}

class Writer final : public ArtifactWriter, private LineSink {
 public:
  Writer(const Objects& objects, Database& database, std::string aside)
      : objects_(objects), database_(database), aside_(std::move(aside)) {}

  ~Writer() override {
    for (std::size_t i = 0; i < blobs_.size(); ++i) {
      if (!objects_.env().exists(path_aside(i))) continue;
      if (auto removed = objects_.env().remove(path_aside(i)); !removed.ok()) {
        log(LogLevel::kWarning, "store", "an unfinished object could not be removed");
      }
    }
  }

  Result<void> begin(const std::string& name) override {
    RESIDENCY_TRY_VOID(finish_blob());
    const bool taken = std::any_of(blobs_.begin(), blobs_.end(),
                                   [&](const Blob& blob) { return blob.name == name; });
    if (!is_blob_name(name) || taken || blobs_.size() >= kBlobsMax) {
      return internal_error("an artifact's blob has a name that is taken or not allowed");
    }
    blobs_.push_back({name, "", 0});
    RESIDENCY_TRY(auto file, objects_.env().create(path_aside(blobs_.size() - 1)));
    RESIDENCY_TRY(auto envelope, crypto::EnvelopeWriter::start(
                                     objects_.ring(), std::string(kBlobLabel), std::move(file)));
    envelope_.emplace(std::move(envelope));
    return {};
  }

  Result<void> append(std::string_view bytes) override {
    if (!envelope_) return internal_error("bytes for an artifact before a blob was begun");
    hash_.update(bytes);
    blobs_.back().bytes += bytes.size();
    return envelope_->append(bytes);
  }

  LineSink& lines() override { return *this; }

  Result<Manifest> commit(Manifest manifest) override {
    RESIDENCY_TRY_VOID(finish_blob());
    if (blobs_.empty()) return internal_error("an artifact without a blob");
    for (std::size_t i = 0; i < blobs_.size(); ++i) {
      const std::string path = objects_.path_of(manifest.kind, blobs_[i]);
      RESIDENCY_TRY_VOID(objects_.env().rename(path_aside(i), path));
    }
    RESIDENCY_TRY_VOID(
        objects_.env().sync_directory(objects_.root() + std::string(folder_of(manifest.kind))));
    manifest.blobs = blobs_;
    std::sort(manifest.blobs.begin(), manifest.blobs.end(),
              [](const Blob& a, const Blob& b) { return a.name < b.name; });
    manifest.content_sha256 = content_sha256(manifest.blobs);
    manifest.id = artifact_id(manifest.kind, manifest.content_sha256);
    manifest.created_at = format_utc(objects_.env().now_unix_ms());
    RESIDENCY_TRY(const bool is_new,
                  database_.put_new("manifest", manifest.id, dump_json(to_json(manifest))));
    if (is_new) return manifest;
    RESIDENCY_TRY(const auto kept, database_.get("manifest", manifest.id));
    if (!kept) return internal_error("an artifact's manifest went away while it was written");
    RESIDENCY_TRY(const Json parsed, parse_json(*kept));
    return manifest_from_json(parsed);
  }

 private:
  Result<void> write(std::string_view line) override {
    RESIDENCY_TRY_VOID(append(line));
    return append("\n");
  }

  std::string path_aside(std::size_t index) const { return fmt::format("{}-{}", aside_, index); }

  Result<void> finish_blob() {
    if (!envelope_) return {};
    auto finished = envelope_->finish();
    envelope_.reset();
    blobs_.back().sha256 = hash_.finish_hex();
    return finished;
  }

  const Objects& objects_;
  Database& database_;
  std::string aside_;
  std::vector<Blob> blobs_;
  std::optional<crypto::EnvelopeWriter> envelope_;
  crypto::Sha256 hash_;
};

}  // namespace

Result<std::unique_ptr<ArtifactWriter>> start_artifact(const Objects& objects, Database& database) {
  RESIDENCY_TRY(const std::string unique, crypto::random_bytes(8));
  std::string aside = fmt::format("{}{}/{}", objects.root(), kAsideFolder, crypto::to_hex(unique));
  return std::unique_ptr<ArtifactWriter>(
      std::make_unique<Writer>(objects, database, std::move(aside)));
}

Result<void> remove_leftovers(Env& env, const std::string& root) {
  const std::string aside = root + std::string(kAsideFolder);
  RESIDENCY_TRY(const auto unfinished, env.list(aside));
  for (const DirEntry& entry : unfinished) RESIDENCY_TRY_VOID(env.remove(aside + "/" + entry.name));
  const std::string state = root + std::string(kStateFolder);
  RESIDENCY_TRY(const auto states, env.list(state));
  for (const DirEntry& entry : states) {
    if (entry.name.ends_with(".part")) RESIDENCY_TRY_VOID(env.remove(state + "/" + entry.name));
  }
  return {};
}

}  // namespace residency::store
