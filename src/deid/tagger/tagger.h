// Tagger: the learned layer. It reads a text and adds what looks like an identifier to its model;
// it takes nothing away from other layers.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "deid/detect/span.h"
#include "deid/tagger/tagger_model.h"

namespace residency::deid {

class Tagger {
 public:
  explicit Tagger(std::shared_ptr<const TaggerModel> model) : model_(std::move(model)) {}
  /// The model linked into this binary; its error where that cannot be read.
  static Result<Tagger> embedded();

  /// Spans in order, apart from each other, each with the probability that its words identify as
  /// the score and kModel as the reason. `text` has at most 4 GiB.
  std::vector<Span> find(std::string_view text) const;

 private:
  std::shared_ptr<const TaggerModel> model_;
};

}  // namespace residency::deid
