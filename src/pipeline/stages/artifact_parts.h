// What stages write beside their main artifact: blobs written whole, and QuarantineArtifact, which
// exists only where something was set aside.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "pipeline/stage.h"

namespace residency::pipeline {

class QuarantineArtifact {
 public:
  explicit QuarantineArtifact(StageContext& context) : context_(context) {}

  /// One entry, a line of JSON.
  Result<void> add(std::string_view line);
  /// Commits the artifact, if there was an entry, and adds its id to `outputs`.
  Result<void> commit(const std::string& parent, std::vector<std::string>& outputs);

 private:
  StageContext& context_;
  std::unique_ptr<store::ArtifactWriter> writer_;
  std::int64_t entries_ = 0;
};

bool has_blob(const store::Manifest& manifest, std::string_view name);

/// Begins a blob and writes it whole.
Result<void> write_blob(store::ArtifactWriter& writer, const std::string& name,
                        std::string_view bytes);

}  // namespace residency::pipeline
