// Scorer: the metrics of a task over predictions, whole and resampled.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/eval_options.h"
#include "eval/prediction.h"
#include "eval/statistics.h"

namespace residency::eval {

/// Counts of predictions over labels once, then answers quickly for any weighting of the items.
///
/// code_f1: micro_f1, micro_precision, micro_recall over all (item, code) pairs; macro_f1, the
///   mean F1 over the codes that are gold in the test set; category_micro_f1, category_macro_f1,
///   the same with codes cut to three characters; exact_match.
/// multiple_choice: accuracy; accuracy_norm (the choice by log-probability per character);
///   macro_f1 over the gold labels.
/// classification: accuracy; macro_f1 over the gold labels.
/// exact: exact_match.
/// All: parse_failure_rate (no answer was found), not_asked_rate (the prompt did not fit). Both
/// count as wrong in the other metrics.
class Scorer {
 public:
  /// `choices` are what multiple choice chose from, in the order of the log-probabilities.
  Scorer(EvalTask task, const std::vector<Prediction>& predictions,
         const std::vector<std::string>& choices);

  /// In the order of values().
  const std::vector<std::string>& names() const { return names_; }
  /// The metrics where item i counts weights[i] times.
  std::vector<double> values(const std::vector<std::uint32_t>& weights) const;
  std::size_t items() const { return items_; }

 private:
  struct Hit {
    std::uint32_t label = 0;
    bool gold = false;
    bool predicted = false;
  };
  struct Table {
    std::vector<std::vector<Hit>> hits;  // by item
    std::vector<bool> gold;              // by label: gold somewhere in the test set
  };

  static Table count(const std::vector<Prediction>& predictions, bool categories);
  static void append_f1(const Table& table, const std::vector<std::uint32_t>& weights,
                        bool precision_and_recall, std::vector<double>& values);
  double rate(const std::vector<std::uint8_t>& flags,
              const std::vector<std::uint32_t>& weights) const;

  EvalTask task_;
  std::size_t items_ = 0;
  std::vector<std::string> names_;
  Table labels_;
  Table categories_;
  std::vector<std::uint8_t> correct_;
  std::vector<std::uint8_t> correct_norm_;
  std::vector<std::uint8_t> unreadable_;
  std::vector<std::uint8_t> not_asked_;
};

/// All metrics with their intervals, by name.
std::map<std::string, Metric> score(const Scorer& scorer, std::uint64_t seed,
                                    std::size_t resamples);

/// True for metrics of which less is better: parse_failure_rate, not_asked_rate.
bool lower_is_better(std::string_view metric);

/// F1 of one item: of its parsed labels against its gold ones, as sets; 1 where both are empty.
double item_f1(const std::vector<std::string>& gold, const std::vector<std::string>& parsed);

}  // namespace residency::eval
