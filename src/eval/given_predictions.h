// Predictions that another program made, to be scored as ours are.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/eval_options.h"
#include "eval/prediction.h"
#include "eval/tags.h"

namespace residency::eval {

/// JSON lines, one for each item: "id", "category" and "groups" may stand in each;
///   code_f1: "labels" and "parsed", lists of codes, the likeliest first in "parsed" or "ranked";
///   classification, multiple_choice: "label" and "prediction", or "labels" and "parsed"; with
///     "logprobs", in the order of the choices, calibration is scored too;
///   entities: "labels" and "parsed", lists of {"start","end","type"} or of "START-END:TYPE";
///   generation, exact: "reference" and "prediction".
/// An answer that could not be read is null or missing. Also the lines of our own
/// predictions.jsonl. kInvalidInput names `name`, line and field, never a value.
Result<std::vector<Prediction>> read_given_predictions(std::string_view bytes, EvalTask task,
                                                       std::string_view name);

/// Columns as conlleval takes them: a token a line, the gold and the predicted tag last, an empty
/// line after each sentence, which is one item. Entities are counted in tokens.
Result<std::vector<Prediction>> read_prediction_columns(std::string_view bytes, TagScheme scheme,
                                                        std::string_view name);

}  // namespace residency::eval
