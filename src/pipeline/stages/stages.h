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
Stage suite_stage();
Stage deploy_stage();

class TrainingRanks;
/// A rank other than 0: trains the context's job with the group, and writes nothing.
Result<void> train_as_follower(StageContext& context, TrainingRanks& ranks);

}  // namespace residency::pipeline
