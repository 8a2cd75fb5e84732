// EvalReport: base against tuned model with the gate's decision; what deploy reads.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "eval/compare.h"
#include "eval/gate.h"
#include "eval/model_scores.h"

namespace residency::eval {

/// Any other model on the same items; in its comparison it stands as the base.
struct OtherModel {
  std::string name;
  ModelScores scores;
  Comparison comparison;
};

struct EvalReport {
  ModelScores base;  // without predictions once read back
  ModelScores tuned;
  Comparison comparison;
  GateDecision gate;
  bool passed = false;  // the gate's
  std::vector<OtherModel> others;

  /// Deterministic, without wall time and without text of any item.
  Json to_json() const;
  /// Reads scores and decision (the comparison is taken from the JSON's figures). kInvalidInput,
  /// naming the field; kCorrupt where the decision is not what its checks say.
  static Result<EvalReport> from_json(const Json& json);
};

/// What must be said of a score beside its figures, a line each: whether it is official and why
/// not, whether it repeats, what of it stands in the training data.
std::vector<std::string> scores_notes(const ModelScores& scores);

/// The before-and-after table that a terminal shows. Plain text, at most 100 columns.
std::string render_table(const EvalReport& report);
/// The same for one model alone.
std::string render_table(const ModelScores& scores);

}  // namespace residency::eval
