#include "pipeline/stages/trained_adapter.h"

#include "model/gguf.h"
#include "model/lora_gguf.h"
#include "pipeline/stages/artifact_parts.h"

namespace residency::pipeline {

Result<model::PeftFiles> peft_files(store::Workspace& workspace, const store::Manifest& manifest) {
  model::PeftFiles files;
  RESIDENCY_TRY(files.weights,
                workspace.read_blob(manifest.id, std::string(model::kPeftWeightsFile)));
  RESIDENCY_TRY(files.config,
                workspace.read_blob(manifest.id, std::string(model::kPeftConfigFile)));
  return files;
}

Result<model::LoraAdapter> trained_adapter(store::Workspace& workspace,
                                           const store::Manifest& manifest,
                                           const BaseModelFile& base) {
  RESIDENCY_TRY(const auto base_file, model::GgufFile::open(base.path));
  if (has_blob(manifest, "adapter.gguf")) {
    RESIDENCY_TRY(const auto file, workspace.materialize(manifest.id, "adapter.gguf"));
    RESIDENCY_TRY(const auto adapter_file, model::GgufFile::open(file->path()));
    return model::read_lora_gguf(*adapter_file, *base_file);
  }
  RESIDENCY_TRY(const auto config, model::LlamaConfig::from_gguf(*base_file));
  RESIDENCY_TRY(const auto files, peft_files(workspace, manifest));
  return model::import_peft(files, config, manifest.id);
}

}  // namespace residency::pipeline
