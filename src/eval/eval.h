// eval: scores of a model on a test set, and whether they are good enough.
// Takes: test examples as lines, an Engine, thresholds.
// Gives: ModelScores with intervals and every prediction; a Comparison of base and tuned model; a
//   GateDecision; the EvalReport of all three.
// Keeps: nothing.
// Must never: leave out an item it could not score, show a score without its n and interval, put
//   an item's text or a model's answer into a report, an error or a log.
#pragma once

#include "eval/compare.h"
#include "eval/eval_options.h"
#include "eval/eval_report.h"
#include "eval/evaluate.h"
#include "eval/gate.h"
#include "eval/model_scores.h"
#include "eval/prediction.h"
