// LabelMeasures: what some sets of labels let be measured beside accuracy and F1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/prediction.h"

namespace residency::eval {

/// Gold labels that are all whole numbers, three or more of them, are levels: quadratic_kappa
/// (Cohen's kappa with weights that grow with the square of the distance), above_gold_rate and
/// below_gold_rate (of all items: the number said is larger, or smaller, than the gold one). An
/// item without an answer counts as the level farthest from its gold one, in neither rate.
///
/// Two choices of which one is the negative, and log-probabilities of both for every item:
/// roc_auc, the chance that an item of the positive label gets a higher probability of it than one
/// of the negative (ties count half; 0.5 where a resample lacks one of them), as MoleculeNet
/// scores.
class LabelMeasures {
 public:
  LabelMeasures(const std::vector<Prediction>& predictions, const std::vector<std::string>& choices,
                const std::string& negative);

  const std::vector<std::string>& names() const { return names_; }
  /// In the order of names(), item i counting weights[i] times.
  void append(const std::vector<std::uint32_t>& weights, std::vector<double>& values) const;

 private:
  struct Level {
    std::size_t gold = 0;
    std::size_t said = 0;
    bool answered = false;
  };

  void read_levels(const std::vector<Prediction>& predictions);
  void read_probabilities(const std::vector<Prediction>& predictions,
                          const std::vector<std::string>& choices, const std::string& negative);
  double kappa(const std::vector<std::uint32_t>& weights) const;
  double roc_auc(const std::vector<std::uint32_t>& weights) const;

  std::vector<std::string> names_;
  std::vector<std::int64_t> numbers_;   // of the levels, ascending
  std::vector<Level> levels_;           // by item; empty: labels are no levels
  std::vector<std::size_t> by_score_;   // items, the least likely positive first
  std::vector<double> scores_;          // by item
  std::vector<std::uint8_t> positive_;  // by item; empty: no roc_auc
};

}  // namespace residency::eval
