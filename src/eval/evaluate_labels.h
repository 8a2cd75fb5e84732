// evaluate_labels(): what a model with a label head says of a test set, scored.
#pragma once

#include "base/line_io.h"
#include "base/progress.h"
#include "base/result.h"
#include "eval/eval_options.h"
#include "eval/evaluate.h"
#include "eval/label_model.h"
#include "eval/model_scores.h"

namespace residency::eval {

/// Scores `model` on the test set's labelled texts, as evaluate() does one without a head. The head
/// must be of the kind that the task asks for: tags for entities, label for classification, labels
/// for code_f1; else kInvalidArgument.
/// Shots and general text are not for heads: a head is not asked with either.
Result<ModelScores> evaluate_labels(const EvalOptions& options, LabelModel& model,
                                    EvalInputs inputs, Progress& progress);

/// The same on a test set alone.
inline Result<ModelScores> evaluate_labels(const EvalOptions& options, LabelModel& model,
                                           LineSource& test, Progress& progress) {
  return evaluate_labels(options, model, EvalInputs{test, {}, nullptr, "", nullptr, {}}, progress);
}

}  // namespace residency::eval
