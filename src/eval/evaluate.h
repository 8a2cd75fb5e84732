// evaluate(): a model's answers to a test set, scored.
#pragma once

#include "base/line_io.h"
#include "base/progress.h"
#include "base/result.h"
#include "eval/eval_options.h"
#include "eval/model_scores.h"
#include "infer/engine.h"

namespace residency::eval {

/// Scores `engine` on the test set's lines (dataset::Example). Greedy: the same model, options and
/// lines give the same scores. Each item is asked in its own format, the prompt rendered as serving
/// renders it; an item whose prompt and answer do not fit the model's context is not asked, counts
/// as wrong and shows in not_asked_rate. A labelled text is put as an instruction
/// (eval/labelled_prompt.h). Errors name the line and the field.
Result<ModelScores> evaluate(const EvalOptions& options, infer::Engine& engine, LineSource& test,
                             Progress& progress);

/// Sets `correct` and `score` of a prediction whose labels are a set.
void judge_sets(Prediction& prediction);

/// Metrics, headline and categories out of the scores' predictions.
void fill_metrics(const EvalOptions& options, ModelScores& scores);

}  // namespace residency::eval
