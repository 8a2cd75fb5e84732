// `residency eval fetch`.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace residency::cli {

class EvalFetchCommand {
 public:
  void add_to(CLI::App& eval);
  bool parsed() const { return app_->parsed(); }
  int run();

 private:
  CLI::App* app_ = nullptr;
  CommonOptions common_;
  std::vector<std::string> names_;
  std::string folder_;
  bool list_ = false;
};

}  // namespace residency::cli
