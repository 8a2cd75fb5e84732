// EvalOptions: the `eval` section of a recipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/result.h"

namespace residency::eval {

enum class EvalTask : std::uint8_t {
  kCodeF1,          // generate ICD-10-CM codes; labels are the gold codes
  kMultipleChoice,  // the choice with the largest log-probability
  kClassification,  // generate; the first label named is the answer
  kExact,           // generate; equal to the gold completion but for white space
  kDecision,        // generate; a decision, the first label, and its reasons, the others
  kGeneration,      // generate; how much of the gold completion is in it (ROUGE-L, chrF)
  kEntities,        // labelled texts: where the entities are, and of which type
};

enum class ShotsFrom : std::uint8_t { kTrain, kValidation };

struct EvalOptions {
  EvalTask task = EvalTask::kCodeF1;
  std::vector<std::string> choices;  // labels to choose from; empty: the test set's own, sorted
  std::string negative;  // classification: the label that says nothing holds; F1 is of the others
  std::string instruction;        // to a model without a head, before a labelled text; "": our own
  std::int64_t tokens_max = 64;   // generated per item
  std::int64_t items_max = 0;     // 0: all; else a sample by seed
  std::uint64_t seed = 0;         // of the sample and of the resampling
  std::int64_t resamples = 1000;  // for the intervals
  std::string grammar;            // "", "codes", "choices" or GBNF
  std::vector<std::string> stop;  // texts that end an answer

  std::int64_t shots = 0;  // examples before each item
  ShotsFrom shots_from = ShotsFrom::kTrain;
  bool shots_random = true;        // drawn for each item as the harness draws; else the first
  std::int64_t shots_seed = 1234;  // the harness' own
  std::int64_t repeat_items = 8;   // asked a second time, to see whether the answer is the same
  std::string code_table;          // code_f1: a file of the codes that there are; "": none
  std::string general_text = "builtin";  // perplexity on it; "none", or a file

  static Result<EvalOptions> from_config(const ConfigNode& node);
  /// All that decides the scores, in one form.
  std::string canonical_json() const;
};

/// "code_f1", "multiple_choice", "classification", "exact", "entities", "generation", "decision".
std::string_view task_name(EvalTask task);
Result<EvalTask> task_named(std::string_view name);

/// The GBNF text that `options.grammar` stands for; "" for none. `choices` are the labels, or for
/// entities the types.
std::string grammar_text(const EvalOptions& options, const std::vector<std::string>& choices);

}  // namespace residency::eval
