// The model card: what the lineage knows of a tuned model, for whoever is to answer for its use.
// Form: Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
#pragma once

#include <string>

#include "base/result.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// Markdown, from the manifests behind a `report` artifact: base, data and its certificate or
/// waiver, training, scores with their intervals, the gate, limits and intended use. Deterministic.
Result<std::string> model_card(store::Workspace& workspace, const std::string& report);

/// The loss curve of the report's tuned model, an SVG; "" where its artifact has none.
Result<std::string> report_loss_curve(store::Workspace& workspace, const std::string& report);

}  // namespace residency::pipeline
