// ModelScores: what one model scored on one test set, with all that is needed to repeat it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/line_io.h"
#include "base/result.h"
#include "eval/calibration.h"
#include "eval/eval_options.h"
#include "eval/prediction.h"
#include "eval/score_facts.h"
#include "eval/statistics.h"

namespace residency::eval {

struct ModelScores {
  EvalTask task = EvalTask::kCodeF1;
  std::uint64_t items = 0;         // scored
  std::uint64_t items_in_set = 0;  // in the test set; more than `items` where it was sampled
  std::map<std::string, Metric> metrics;
  /// Items and the task's first metric by category of the items.
  struct Category {
    std::uint64_t items = 0;
    double value = 0;
  };
  std::map<std::string, Category> categories;
  std::string headline;              // name of the task's first metric
  std::vector<std::string> choices;  // multiple choice and classification: the label set
  std::string negative;              // classification: EvalOptions::negative
  std::uint64_t label_count = 0;     // distinct gold labels: the set that macro_f1 is a mean over
  std::string prompts_sha256;        // over every rendered prompt, in order
  std::string items_sha256;          // over every item's own text and labels, in order
  std::string template_use;          // "chat", "completion" or "mixed"
  int shots = 0;
  std::uint64_t completion_tokens = 0;   // generated over all items
  std::string options_json;              // EvalOptions::canonical_json()
  bool code_table = false;               // codes were checked against a table
  std::uint64_t gold_unknown_codes = 0;  // gold codes that the table does not have
  Calibration calibration;
  Subgroups subgroups;
  OfficialSplit split;
  RepeatedItems repeated;
  TrainingOverlap overlap;
  GeneralText general_text;
  std::vector<Prediction> predictions;  // in the test set's order; not part of to_json()

  bool sampled() const { return items < items_in_set; }
  /// A benchmark's published split, whole.
  bool official() const { return split.official() && !sampled(); }

  /// Deterministic; no text of any item.
  Json to_json() const;
  /// kInvalidInput, naming the field, where `json` is not what to_json() gives.
  static Result<ModelScores> from_json(const Json& json);
  /// Reads the predictions' lines into `predictions`; kInvalidInput where their number is not
  /// `items`.
  Result<void> read_predictions(LineSource& lines);
};

Json to_json(const Metric& metric);

}  // namespace residency::eval
