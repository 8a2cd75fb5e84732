// train_content(): the content classifier from labelled texts; the same bytes every time.
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "guard/content/content_model.h"

namespace residency::guard {

/// A text and what it is; none set for an ordinary one.
struct LabelledText {
  std::string text;
  std::bitset<kCategoryCount> labels;
};

struct ContentTraining {
  ContentModel model;
  /// Scores of each given text by a model that did not see it (five parts).
  std::vector<CategoryScores> held_out;
};

struct ContentTrainerOptions {
  int epochs = 12;
  float rate = 0.08F;
  float decay = 2e-4F;        // pulls weights to zero
  float other_weight = 0.3F;  // of texts of other categories as counter-examples
  int variants = 1;           // of each text, with words left out
  std::uint64_t seed = 1;
};

ContentTraining train_content(const std::vector<LabelledText>& texts,
                              const ContentTrainerOptions& options);

}  // namespace residency::guard
