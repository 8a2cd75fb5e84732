// EvalReport: base against tuned model with the gate's decision; what deploy reads.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "eval/compare.h"
#include "eval/gate.h"
#include "eval/model_scores.h"

namespace residency::eval {

struct EvalReport {
  ModelScores base;  // without predictions once read back
  ModelScores tuned;
  Comparison comparison;
  GateDecision gate;
  bool passed = false;  // the gate's

  /// Deterministic, without wall time and without text of any item.
  Json to_json() const;
  /// Reads scores and decision (the comparison is taken from the JSON's figures). kInvalidInput,
  /// naming the field; kCorrupt where the decision is not what its checks say.
  static Result<EvalReport> from_json(const Json& json);
};

/// The before-and-after table that a terminal shows. Plain text, at most 100 columns.
std::string render_table(const EvalReport& report);
/// The same for one model alone.
std::string render_table(const ModelScores& scores);

}  // namespace residency::eval
