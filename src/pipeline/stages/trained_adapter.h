// TrainedAdapter: the adapter of an artifact, in whichever form it is kept.
#pragma once

#include "model/lora_adapter.h"
#include "model/peft.h"
#include "pipeline/stage.h"
#include "pipeline/stages/base_model.h"

namespace residency::pipeline {

/// The PEFT folder's files of an adapter artifact.
Result<model::PeftFiles> peft_files(store::Workspace& workspace, const store::Manifest& manifest);

/// Plain LoRA is kept as a GGUF adapter, DoRA as PEFT's files.
Result<model::LoraAdapter> trained_adapter(store::Workspace& workspace,
                                           const store::Manifest& manifest,
                                           const BaseModelFile& base);

}  // namespace residency::pipeline
