// Tagger: the learned layer. It reads a text with what the rules found there, adds what looks like
// an identifier to its model, and says which weak finds it doubts.
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

/// What the tagger makes of a text.
struct TagReading {
  std::vector<Span> spans;  // in order, apart from each other; score: that its words identify
  std::vector<TagToken> tokens;
  std::vector<float> identify;  // for each token: the probability that it identifies
};

class Tagger {
 public:
  explicit Tagger(std::shared_ptr<const TaggerModel> model) : model_(std::move(model)) {
    reach({});
  }
  /// The model linked into this binary, leaning to recall: its thresholds are taken at six tenths.
  /// Its error where it cannot be read.
  static Result<Tagger> embedded();
  void reach(const TaggerReach& reach);

  /// `rules` are in order and apart from each other; `text` has at most 4 GiB.
  TagReading read(std::string_view text, const std::vector<Span>& rules) const;
  /// A place, an organisation or a profession that a list or a context tells; no pattern, check
  /// digit or record, and no name.
  static bool is_weak(const Span& span);
  /// Takes from weak spans, and from names seen elsewhere in the text that are words of prose too,
  /// the words at either end that the model hardly believes, and the spans of which nothing is
  /// left.
  void doubt(const TagReading& reading, std::vector<Span>& spans) const;

 private:
  std::shared_ptr<const TaggerModel> model_;
  float lean_bias_ = 0;
  float lean_share_ = 1;
  float outside_bias_ = 0;
  std::array<float, kTagGroupCount> thresholds_{};
};

}  // namespace residency::deid
