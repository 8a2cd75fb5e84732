// TrainingSet: one split of a data set as the trainer's packed sequences.
#pragma once

#include <string>
#include <vector>

#include "dataset/packing.h"
#include "model/tokenizer.h"
#include "pipeline/stage.h"
#include "train/train_options.h"

namespace residency::pipeline {

struct TrainingSet {
  std::vector<dataset::PackedSequence> sequences;
  dataset::TruncationReport report;
};

/// The lines of a blob of a data set: conversations, pairs of answers or answers judged alone as
/// the objective asks for, or labelled texts for a head, whose labels are put into `options` where
/// it names none.
Result<TrainingSet> training_set(StageContext& context, const std::string& dataset_id,
                                 const std::string& blob, const model::Tokenizer& tokenizer,
                                 train::TrainOptions& options);

}  // namespace residency::pipeline
