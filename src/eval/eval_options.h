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
  kEntities,        // labelled texts: where the entities are, and of which type
};

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

  static Result<EvalOptions> from_config(const ConfigNode& node);
  /// All that decides the scores, in one form.
  std::string canonical_json() const;
};

/// "code_f1", "multiple_choice", "classification", "exact", "entities", "decision".
std::string_view task_name(EvalTask task);
Result<EvalTask> task_named(std::string_view name);

/// The GBNF text that `options.grammar` stands for; "" for none.
std::string grammar_text(const EvalOptions& options, const std::vector<std::string>& choices);

}  // namespace residency::eval
