// The rows of the stage table, one file each.
#pragma once

#include "pipeline/stage.h"

namespace residency::pipeline {

Stage synth_stage();
Stage ingest_stage();
Stage deid_stage();
Stage dataset_stage();
Stage base_stage();
Stage train_stage();
Stage eval_stage();
Stage gate_stage();
Stage deploy_stage();

}  // namespace residency::pipeline
