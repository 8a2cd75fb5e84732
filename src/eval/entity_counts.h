// EntityCounts: how far predicted entities are the gold ones, by item and type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/example.h"
#include "eval/prediction.h"

namespace residency::eval {

/// "12-19:Chemical", the form of an entity among a prediction's labels; bytes, end exclusive.
std::string entity_label(const dataset::LabelledSpan& span);

class EntityCounts {
 public:
  explicit EntityCounts(const std::vector<Prediction>& predictions);

  static std::vector<std::string> names();

  /// In the order of names(), item i counting weights[i] times: micro F1, precision and recall of
  /// entities whose ends and type are the gold ones (as conlleval.pl and seqeval count), the mean
  /// of F1 over the gold types, and micro F1 where an entity of the type that overlaps is enough
  /// (a gold entity is found, and a predicted one right, where it overlaps one of its type).
  void append(const std::vector<std::uint32_t>& weights, std::vector<double>& values) const;

 private:
  struct Count {
    std::uint32_t type = 0;
    std::uint32_t gold = 0, predicted = 0, both = 0;
    std::uint32_t gold_touched = 0, predicted_touching = 0;
  };
  std::vector<std::vector<Count>> counts_;  // by item
  std::vector<bool> gold_types_;
};

}  // namespace residency::eval
