// Tagger: the learned layer. It reads a text and adds what looks like an identifier to its model;
// it takes nothing away from other layers.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/tagger/tagger_model.h"

namespace residency::deid {

/// How far the tagger goes for recall, beyond what its model was fitted to.
struct TaggerReach {
  double bias = 0;  // added to the model's outside bias; below 0 looks at more spans
  /// The least probability of a span in place of the model's, by class: one of kTagGroups, which
  /// stands for all of its group.
  std::map<PhiClass, double> thresholds;
};

class Tagger {
 public:
  explicit Tagger(std::shared_ptr<const TaggerModel> model) : model_(std::move(model)) {
    reach({});
  }
  /// The model linked into this binary; its error where that cannot be read.
  static Result<Tagger> embedded();
  void reach(const TaggerReach& reach);

  /// Spans in order, apart from each other, each with the probability that its words identify as
  /// the score and kModel as the reason. `text` has at most 4 GiB.
  std::vector<Span> find(std::string_view text) const;

 private:
  std::shared_ptr<const TaggerModel> model_;
  float outside_bias_ = 0;
  std::array<float, kTagGroupCount> thresholds_{};
};

}  // namespace residency::deid
