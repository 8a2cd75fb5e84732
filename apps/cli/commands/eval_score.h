// `residency eval score`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace residency::cli {

class EvalScoreCommand {
 public:
  void add_to(CLI::App& eval);
  bool parsed() const { return app_->parsed(); }
  int run();

 private:
  CLI::App* app_ = nullptr;
  CommonOptions common_;
  std::string file_;
  std::string task_ = "entities";
  std::string scheme_;
  std::string negative_;
  std::string code_table_;
  std::vector<std::string> choices_;
  std::int64_t resamples_ = 1000;
  std::uint64_t seed_ = 0;
};

}  // namespace residency::cli
