#include <unistd.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "pipeline/worker.h"

namespace residency::cli {

int job_worker_command(const Words& words) {
  CLI::App app{"Runs one saved job; started by other commands."};
  std::string workspace;
  std::string job;
  app.add_option("--workspace", workspace)->required();
  app.add_option("--job", job)->required();
  if (auto ended = parse(app, words)) return *ended;
  // Libraries may print to standard output: keep the pipe for the protocol alone.
  const int pipe = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return pipeline::run_worker(workspace, job, pipe);
}

}  // namespace residency::cli
