// TagSampler: draws the texts that the tagger is trained on, as tokens with labels.
#pragma once

#include <memory>
#include <vector>

#include "deid/detect/detector.h"
#include "deid/tagger/encoder_training.h"
#include "deid/tagger/tagger_trainer.h"

namespace residency::deid {

/// A window of a text as the encoder reads it.
struct TagWindow {
  std::vector<TagInput> inputs;
  std::vector<std::size_t> labels;  // of tag_set.h
};

/// The label of every token.
std::vector<std::size_t> gold_labels(const std::vector<TagToken>& tokens,
                                     const std::vector<GoldSpan>& spans);

class TagSampler {
 public:
  /// `texts` and `detector` (rules alone) outlive the sampler.
  /// `notes_alone`: the notes as they are, without made-up sentences and the rules' finds.
  TagSampler(const TaggerTexts& texts, const Detector& detector, bool notes_alone)
      : texts_(texts), detector_(detector), notes_alone_(notes_alone) {}

  /// One window of at most kWindowTokens tokens.
  Result<TagWindow> draw(TagRandom& random) const;
  const GenreMaker& maker() const { return maker_; }

  static constexpr std::size_t kWindowTokens = 256;

 private:
  TagExample example(TagRandom& random) const;
  const TaggerTexts& texts_;
  const Detector& detector_;
  bool notes_alone_;
  GenreMaker maker_;
};

/// Appends the window to the batch, some of what is known of a token hidden at random.
void add_window(const TagWindow& window, const TagVocabulary& vocabulary, TagRandom& random,
                TrainTokens& batch);

}  // namespace residency::deid
