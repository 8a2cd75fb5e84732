// TopicMatcher: how much a text is about a denied topic, by its definition and examples.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "guard/policy/guard_policy.h"
#include "guard/text/guard_text.h"

namespace residency::guard {

class TopicMatcher {
 public:
  explicit TopicMatcher(const Topic& topic);
  /// 0 to 1: the larger of the likeness to an example and of the share of the words that the topic
  /// names.
  double score(const std::vector<Word>& words, const Segment& segment) const;
  bool has_stem(const std::string& stem) const { return weights_.contains(stem); }

 private:
  using Weights = std::unordered_map<std::string, double>;
  Weights weights_;
  std::vector<Weights> examples_;
};

}  // namespace residency::guard
