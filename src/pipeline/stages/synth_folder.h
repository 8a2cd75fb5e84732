// Where the synth stage puts its hospital, and how later stages name it.
#pragma once

#include <string>

#include "pipeline/stage.h"

namespace residency::pipeline {

std::string synth_folder(const std::string& workspace_root, const std::string& job_id);

/// "synth:fhir/ndjson" is that folder of the job's synth input; another path is given back as it
/// is.
Result<std::string> resolve_synth_path(const StageContext& context, const std::string& path);

}  // namespace residency::pipeline
