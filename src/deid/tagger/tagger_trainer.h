// TaggerTrainer: makes the tagger's model from texts whose identifiers are known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/tagger/genre_maker.h"
#include "deid/tagger/tagger_model.h"

namespace residency::deid {

struct TaggerTrainOptions {
  std::uint64_t seed = 1;
  int steps = 7000;             // 1 to 1000000
  int step_tokens = 4096;       // 64 to 65536
  double rate = 0.002;          // the highest learning rate
  int words = 20000;            // the most rows of the vocabulary
  double outside_bias = -1.5;   // see TaggerModel
  double span_precision = 0.6;  // what thresholds are fitted to, on spans that no rule found
  double doubt_loss = 0.001;    // share of identifying characters that doubts may cost at most
  bool notes_alone = false;     // no made-up sentences beside the texts, no rules' finds as input

  Result<void> validate() const;
};

/// What the tagger learns from. `written` are notes written by people, `notes` those of the
/// synthetic hospital, `negatives` texts that identify nobody.
struct TaggerTexts {
  std::vector<TagExample> written;
  std::vector<TagExample> notes;
  std::vector<std::string> negatives;
};

struct TrainedTagger {
  TaggerModel model;
  Json report;  // counts, losses, thresholds
};

/// Cross-entropy of each token's label, AdamW, windows of at most 256 tokens of texts whose
/// identifiers are exchanged for others at each reading. Every eighth written note and every
/// twentieth synthetic one fits the thresholds and is not learnt. Sentences of `negatives` in which
/// the rules find anything are left out, for what they hold is not known. Equal input gives equal
/// bytes on one kind of processor. kInvalidArgument for bad options or no notes; kCancelled.
Result<TrainedTagger> train_tagger(const TaggerTexts& texts, const TaggerTrainOptions& options,
                                   Progress& progress);

}  // namespace residency::deid
