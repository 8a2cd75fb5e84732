#include "pipeline/stages/artifact_parts.h"

#include <algorithm>

namespace residency::pipeline {

Result<void> QuarantineArtifact::add(std::string_view line) {
  if (writer_ == nullptr) {
    RESIDENCY_TRY(writer_, context_.workspace.write_artifact());
    RESIDENCY_TRY_VOID(writer_->begin("quarantine.jsonl"));
  }
  entries_ += 1;
  return writer_->lines().write(line);
}

Result<void> QuarantineArtifact::commit(const std::string& parent,
                                        std::vector<std::string>& outputs) {
  if (writer_ == nullptr) return {};
  auto manifest = context_.manifest("quarantine", {parent});
  manifest.counts = {{"entries", entries_}};
  RESIDENCY_TRY(const auto committed, writer_->commit(std::move(manifest)));
  outputs.push_back(committed.id);
  return {};
}

bool has_blob(const store::Manifest& manifest, std::string_view name) {
  return std::any_of(manifest.blobs.begin(), manifest.blobs.end(),
                     [&](const store::Blob& blob) { return blob.name == name; });
}

Result<void> write_blob(store::ArtifactWriter& writer, const std::string& name,
                        std::string_view bytes) {
  RESIDENCY_TRY_VOID(writer.begin(name));
  return writer.append(bytes);
}

}  // namespace residency::pipeline
