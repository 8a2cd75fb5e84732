// The command line: a table of commands, each in a file of its own under commands/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace residency::cli {

/// One row of the command table. `run` gets the words after the command's name and returns the
/// process's exit status: 0 done, 1 failed, 2 wrong usage, 3 a gate said no, 130 interrupted.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& words);
  bool hidden = false;
};

const std::vector<Command>& commands();

int run(int argc, char** argv);

}  // namespace residency::cli
