#include "serve/endpoint_worker.h"

#include <csignal>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"

namespace residency::cli {

int endpoint_worker_command(const Words& words) {
  CLI::App app{"Answers for an endpoint over the socket that is descriptor 3; started by serve."};
  if (auto ended = parse(app, words)) return *ended;
  constexpr int kWireDescriptor = 3;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve::Wire wire(kWireDescriptor);
  return serve::run_endpoint_worker(wire, serve::workspace_endpoint_opener());
}

}  // namespace residency::cli
