// `residency deid train-tagger`: makes the tagger's model file from the synthetic hospital's notes.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command_line.h"
#include "deid/tagger/tagger_trainer.h"

namespace residency::cli {

class TrainTagger {
 public:
  explicit TrainTagger(CLI::App& deid);
  bool chosen() const { return command_->parsed(); }
  int run();

 private:
  CommonOptions common_;
  CLI::App* command_;
  std::string out_;
  std::string negatives_;
  std::string questions_;
  int patients_ = 700;
  deid::TaggerTrainOptions options_;
};

}  // namespace residency::cli
