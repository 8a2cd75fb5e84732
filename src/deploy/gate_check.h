// Reads a report artifact's manifest: did the gate pass, and for this model on this base?
#pragma once

#include <string>

#include "base/result.h"
#include "deploy/deployment.h"
#include "store/workspace.h"

namespace residency::deploy {

/// Whether the gate of `report` passed. kGateRefused, with the first reason, where it did not, or
/// where the report is not about `model_artifact` on `base`. A report is about what its parents
/// name; a base is also known by the property "base_sha256".
Result<void> check_gate(const store::Manifest& report, const std::string& model_artifact,
                        const BaseModel& base);

/// kInvalidArgument where `model` is neither an adapter nor a model, or was trained on another
/// base than `base`.
Result<void> check_model(const store::Manifest& model, const BaseModel& base);

}  // namespace residency::deploy
