// Scorer: the metrics of a task over predictions, whole and resampled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/calibration.h"
#include "eval/entity_counts.h"
#include "eval/eval_options.h"
#include "eval/label_measures.h"
#include "eval/prediction.h"
#include "eval/statistics.h"
#include "eval/text_overlap.h"

namespace residency::eval {

/// Counts of predictions over labels once, then answers quickly for any weighting of the items.
///
/// code_f1: micro_f1, micro_precision, micro_recall over all (item, code) pairs; macro_f1, the
///   mean F1 over the codes that are gold in the test set; category_micro_f1, category_macro_f1,
///   the same with codes cut to three characters; chapter_micro_f1, chapter_macro_f1, with codes
///   taken to their chapter; hierarchical_micro_f1, over codes and all that stands above them
///   (eval/code_tree.h); exact_match; where predictions are ranked, precision_at_5, _8 and _15
///   (gold codes among the first k, over k), as papers on MIMIC have it; and with a table of codes
///   unknown_code_rate (of the codes that were given).
/// multiple_choice: accuracy; accuracy_norm (the choice by log-probability per character);
///   macro_f1 over the gold labels; ece, the expected calibration error (eval/calibration.h).
/// classification: accuracy; macro_f1 over the gold labels. With a negative label: micro_f1,
///   macro_f1, micro_precision, micro_recall over the other labels, detection_f1 (any of them
///   against the negative one), accuracy: DDI Extraction 2013 (Segura-Bedmar et al., SemEval 2013,
///   task 9.2) scored so. And LabelMeasures' of levels and of two labels.
/// decision: accuracy and macro_f1 of the decision, the first label; reasons_micro_f1 of the
/// others;
///   exact_match of both.
/// entities: EntityCounts' metrics; exact_match.
///   Where there are log-probabilities also ece.
/// exact: exact_match.
/// generation: rouge_l, chrf (eval/text_overlap.h), exact_match.
/// All: parse_failure_rate (no answer was found), not_asked_rate (the prompt did not fit). Both
/// count as wrong in the other metrics.
class Scorer {
 public:
  /// `choices` are what multiple choice chose from, in the order of the log-probabilities.
  Scorer(EvalTask task, const std::vector<Prediction>& predictions,
         const std::vector<std::string>& choices, const std::string& negative = "",
         bool code_table = false);

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

  enum class Form : std::uint8_t { kWhole, kCategory, kChapter, kTree, kPositive, kAnyPositive };
  static std::vector<std::string> labels_in_form(const std::vector<std::string>& labels, Form form,
                                                 const std::string& negative);
  static Table count(const std::vector<Prediction>& predictions, Form form,
                     const std::string& negative);
  void read_decisions(const std::vector<Prediction>& predictions);
  void name_metrics(const std::vector<Prediction>& predictions,
                    const std::vector<std::string>& choices, const std::string& negative);
  void read_ranks(const std::vector<Prediction>& predictions);
  void read_confidences(const std::vector<Prediction>& predictions);
  void read_texts(const std::vector<Prediction>& predictions);
  void append_code_values(const std::vector<std::uint32_t>& weights,
                          std::vector<double>& values) const;
  void append_text_values(const std::vector<std::uint32_t>& weights,
                          std::vector<double>& values) const;
  double calibration_error(const std::vector<std::uint32_t>& weights) const;
  double precision_at(std::size_t k, const std::vector<std::uint32_t>& weights) const;
  static void append_f1(const Table& table, const std::vector<std::uint32_t>& weights,
                        bool precision_and_recall, std::vector<double>& values);
  double rate(const std::vector<std::uint8_t>& flags,
              const std::vector<std::uint32_t>& weights) const;

  EvalTask task_;
  std::size_t items_ = 0;
  std::vector<std::string> names_;
  Table labels_;
  Table categories_;
  Table chapters_;
  Table tree_;
  Table any_;  // of classification with a negative label: anything against it
  std::optional<EntityCounts> entities_;
  std::optional<LabelMeasures> measures_;  // classification
  std::vector<std::uint8_t> decided_;      // decision: is the first label the gold one?
  bool has_negative_ = false;
  bool has_code_table_ = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unknown_;  // of codes: unknown, given
  std::vector<double> confidences_;  // -1: the item has none; empty: no item has
  std::vector<double> rouge_;
  std::vector<CharacterGrams> characters_;
  std::vector<std::vector<std::uint8_t>> ranked_hits_;  // by item: is the n-th label gold?
  std::vector<std::uint8_t> correct_;
  std::vector<std::uint8_t> correct_norm_;
  std::vector<std::uint8_t> unreadable_;
  std::vector<std::uint8_t> not_asked_;
};

/// All metrics with their intervals, by name.
std::map<std::string, Metric> score(const Scorer& scorer, std::uint64_t seed,
                                    std::size_t resamples);

/// True for metrics of which less is better: the rates of failures, ece, general_perplexity.
bool lower_is_better(std::string_view metric);

/// F1 of one item: of its parsed labels against its gold ones, as sets; 1 where both are empty.
double item_f1(const std::vector<std::string>& gold, const std::vector<std::string>& parsed);

}  // namespace residency::eval
