// What makes scores out of predictions, whatever model gave them.
#pragma once

#include <vector>

#include "base/result.h"
#include "dataset/example.h"
#include "eval/evaluate.h"
#include "eval/model_scores.h"

namespace residency::eval {

/// A prediction of the item, not answered yet.
Prediction prediction_for(const dataset::Example& item, EvalTask task);

/// Sets `correct` and `score` of a prediction whose labels are a set.
void judge_sets(Prediction& prediction);

/// Counts codes that the table does not have.
void check_codes(const CodeTable& table, ModelScores& scores);

/// Metrics, headline, calibration, categories and subgroups out of the scores' predictions.
void fill_metrics(const EvalOptions& options, ModelScores& scores);

/// fill_metrics(), the items' digest, and what `inputs` knows: codes that the table does not have,
/// the split, training data that overlaps. `items` are the predictions', in order.
Result<void> finish_scores(const EvalOptions& options, const EvalInputs& inputs,
                           const std::vector<dataset::Example>& items, ModelScores& scores);

}  // namespace residency::eval
