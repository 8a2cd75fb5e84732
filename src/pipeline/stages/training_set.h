// TrainingSet: one split of a data set as the trainer's packed sequences.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataset/packing.h"
#include "model/tokenizer.h"
#include "pipeline/stage.h"
#include "pipeline/stages/token_store.h"
#include "train/train_options.h"

namespace residency::pipeline {

struct TrainingSet {
  std::unique_ptr<TokenSequences> streamed;
  std::vector<dataset::PackedSequence> labelled;  // of a head: in memory
  dataset::TruncationReport report;

  /// Good as long as this stays where it is.
  dataset::SequenceSet sequences() {
    return streamed != nullptr ? dataset::SequenceSet(*streamed) : dataset::SequenceSet(labelled);
  }
};

/// What sets are made with: where tokens are kept, what they depend on beside the data set, and
/// whether this process may write them (rank 0) or finds them there.
struct TrainingSetPlace {
  train::CheckpointStore& store;
  std::string base_sha256;
  bool writes = true;
};

/// The lines of a blob of a data set: conversations, pairs of answers or answers judged alone as
/// the objective asks for, or labelled texts for a head, whose labels are put into `options` where
/// it names none. Tokens are made once: a job that goes on finds those it made before.
Result<TrainingSet> training_set(StageContext& context, const std::string& dataset_id,
                                 const std::string& blob, const model::Tokenizer& tokenizer,
                                 const TrainingSetPlace& place, train::TrainOptions& options);

}  // namespace residency::pipeline
