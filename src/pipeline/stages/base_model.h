// The base model a job works on: the file behind its base artifact.
#pragma once

#include <optional>
#include <string>

#include "pipeline/stage.h"

namespace residency::pipeline {

struct BaseModelFile {
  std::string path;      // the converted GGUF
  std::string sha256;    // of that file
  std::string artifact;  // id of the base artifact
  std::string name;      // from the catalogue; the file's name where it came from a path
};

/// The job's base artifact, its file made again from the catalogue's where it is missing, and
/// checked against its digest (kCorrupt).
Result<BaseModelFile> base_model(const StageContext& context);

/// The job's tuned model: an adapter, or a model that was trained as a whole. Nothing where the job
/// is about the base alone.
Result<std::optional<store::Manifest>> tuned_input(const StageContext& context);

/// The same for a base artifact outside a job.
Result<BaseModelFile> base_model_of(store::Workspace& workspace, const store::Manifest& base);

}  // namespace residency::pipeline
