#include "pipeline/stage.h"

#include <algorithm>
#include <fmt/format.h>

#include "crypto/sha256.h"
#include "pipeline/stages/stages.h"

#ifndef RESIDENCY_VERSION
#error "RESIDENCY_VERSION is set by the build"
#endif

namespace residency::pipeline {

Result<std::optional<store::Manifest>> StageContext::optional_input(std::string_view kind) const {
  for (const std::string& id : job.inputs) {
    RESIDENCY_TRY(auto manifest, workspace.manifest(id));
    if (manifest.kind == kind) return std::optional<store::Manifest>(std::move(manifest));
  }
  return std::optional<store::Manifest>();
}

Result<store::Manifest> StageContext::input(std::string_view kind) const {
  RESIDENCY_TRY(auto found, optional_input(kind));
  if (!found) {
    return failed_precondition(
        fmt::format("stage {} needs an input artifact of kind: {}", job.stage, kind));
  }
  return *std::move(found);
}

store::Manifest StageContext::manifest(std::string_view kind,
                                       std::vector<std::string> parents) const {
  store::Manifest made;
  made.kind = std::string(kind);
  std::sort(parents.begin(), parents.end());
  made.parents = std::move(parents);
  made.job = job.id;
  made.tool_version = tool_version();
  made.recipe_sha256 = crypto::sha256_hex(job.options_json);
  return made;
}

const std::vector<Stage>& stages() {
  static const std::vector<Stage> kStages{
      synth_stage(), ingest_stage(), deid_stage(), dataset_stage(), base_stage(),
      train_stage(), eval_stage(),   gate_stage(), suite_stage(),   deploy_stage(),
  };
  return kStages;
}

Result<const Stage*> find_stage(std::string_view name) {
  for (const Stage& stage : stages()) {
    if (stage.name == name) return &stage;
  }
  std::vector<std::string_view> names;
  for (const Stage& stage : stages()) names.push_back(stage.name);
  return invalid_argument(
      fmt::format("no stage of that name; there are: {}", fmt::join(names, ", ")));
}

std::string tool_version() { return RESIDENCY_VERSION; }

}  // namespace residency::pipeline
