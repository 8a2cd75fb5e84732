// `residency train sweep`.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "pipeline/sweep.h"

namespace residency::cli {

class SweepCommand {
 public:
  void add_to(CLI::App& train);
  bool parsed() const { return app_->parsed(); }
  int run();

 private:
  CLI::App* app_ = nullptr;
  CommonOptions common_;
  pipeline::SweepOptions options_;
  std::string out_;
};

}  // namespace residency::cli
