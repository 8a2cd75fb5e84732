// evaluate(): a model's answers to a test set, scored.
#pragma once

#include "base/line_io.h"
#include "base/progress.h"
#include "base/result.h"
#include "eval/eval_options.h"
#include "eval/model_scores.h"
#include "infer/engine.h"

namespace residency::eval {

/// A test set has at most this many items.
inline constexpr std::size_t kItemsMax = 1'000'000;

/// Scores `engine` on the test set's lines (dataset::Example). Greedy: the same model, options and
/// lines give the same scores. Each item is asked in its own format, the prompt rendered as serving
/// renders it; an item whose prompt and answer do not fit the model's context is not asked, counts
/// as wrong and shows in not_asked_rate. Errors name the line and the field.
Result<ModelScores> evaluate(const EvalOptions& options, infer::Engine& engine, LineSource& test,
                             Progress& progress);

}  // namespace residency::eval
