// evaluate(): a model's answers to a test set, scored.
#pragma once

#include <string>
#include <vector>

#include "base/line_io.h"
#include "base/progress.h"
#include "base/result.h"
#include "dataset/example.h"
#include "eval/code_table.h"
#include "eval/eval_options.h"
#include "eval/model_scores.h"
#include "infer/engine.h"

namespace residency::eval {

/// What a model is scored on, and what is to be said of it.
struct EvalInputs {
  LineSource& test;                         // dataset::Example lines
  std::vector<dataset::Example> shot_pool;  // examples to show, in their file's order
  const CodeTable* code_table = nullptr;    // code_f1
  std::string general_text;                 // perplexity on it; "" where it is not asked
  LineSource* training = nullptr;           // what the model was tuned on; null for a base
  OfficialSplit split;
};

/// Scores `engine` on the test set. Greedy: the same model, options and lines give the same scores.
/// Each item is asked in its own format, the prompt rendered as serving renders it, behind its
/// shots (eval/shots.h; in a chat they are turns); an item whose prompt and answer do not fit the
/// model's context is not asked, counts as wrong and shows in not_asked_rate. A labelled text is
/// put as an instruction (eval/labelled_prompt.h). Errors name the line and the field.
Result<ModelScores> evaluate(const EvalOptions& options, infer::Engine& engine, EvalInputs inputs,
                             Progress& progress);

/// The same on a test set alone.
inline Result<ModelScores> evaluate(const EvalOptions& options, infer::Engine& engine,
                                    LineSource& test, Progress& progress) {
  return evaluate(options, engine, EvalInputs{test, {}, nullptr, "", nullptr, {}}, progress);
}

}  // namespace residency::eval
