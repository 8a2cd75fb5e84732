// TaggerTrainer: makes the tagger's model from notes whose identifiers are known.
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
  int epochs = 6;                   // 1 to 50
  int genre_examples = 400000;      // of GenreMaker, for each epoch
  int negative_copies = 6;          // how often an epoch reads the negatives
  double outside_bias = -1.5;       // see TaggerModel
  double span_precision = 0.9;      // what the held-out part's thresholds are fitted to
  std::uint32_t log2_buckets = 16;  // of the file; training sees up to 2^20 features

  Result<void> validate() const;
};

struct TrainedTagger {
  TaggerModel model;
  Json report;  // counts, loss of each epoch, thresholds
};

/// Conditional log-likelihood of the chain, AdaGrad (Duchi, Hazan, Singer 2011) with L2, one pass
/// over augmented examples an epoch; the last epoch trains only the features that are kept. A
/// twentieth of the notes and genre examples fits the thresholds. Sentences of `negatives` in which
/// the rules find anything are left out, for what they hold is not known. Equal input gives equal
/// bytes. kInvalidArgument for bad options or no notes; kCancelled.
Result<TrainedTagger> train_tagger(const std::vector<TagExample>& notes,
                                   const std::vector<std::string>& negatives,
                                   const TaggerTrainOptions& options, Progress& progress);

}  // namespace residency::deid
