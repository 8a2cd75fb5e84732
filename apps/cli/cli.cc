#include "cli/cli.h"

#include <cstdio>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/commands/commands.h"

namespace residency::cli {
namespace {

/// Records pass through this process's memory: it must never be written to a core file.
void forbid_core_files() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

void print_help() {
  fmt::print(
      "residency: train clinical language models where the data has to stay\n\n"
      "usage: residency COMMAND [options]     residency COMMAND --help\n\n");
  for (const Command& command : commands()) {
    if (!command.hidden) fmt::print("  {:<10} {}\n", command.name, command.summary);
  }
  fmt::print(
      "\nThe workspace is --workspace DIR, else $RESIDENCY_WORKSPACE, else ./.residency\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 a gate said no, 130 interrupted\n");
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands{
      {"init", "make a workspace: database, object store, key ring, audit log", init_command},
      {"run", "run a recipe: the whole flow, resumed where it was cut off", run_command},
      {"synth", "make a synthetic hospital to try without patients", synth_command},
      {"ingest", "read FHIR, notes and CSV into the workspace", ingest_command},
      {"deid", "remove protected health information", deid_command},
      {"dataset", "build training and test sets, split by patient", dataset_command},
      {"train", "fine-tune a base model", train_command},
      {"eval", "score models and decide the gate", eval_command},
      {"monitor", "drift, ratings and the log of what is served", monitor_command},
      {"guard", "check texts, test and sign guardrail policies", guard_command},
      {"deploy", "deploy models, split traffic between versions, roll back, meter", deploy_command},
      {"serve", "serve deployed models over HTTP", serve_command},
      {"jobs", "list and show jobs", jobs_command},
      {"artifacts", "list and show artifacts", artifacts_command},
      {"models", "list base models; export what was trained", models_command},
      {"keys", "show and rotate the workspace's keys", keys_command},
      {"lineage", "print the way from an artifact back to its source files", lineage_command},
      {"audit", "verify and read the audit log", audit_command},
      {"doctor", "check the machine and the workspace", doctor_command},
      {"job-worker", "run one job (started by other commands)", job_worker_command, true},
      {"endpoint-worker", "answer for an endpoint (started by serve)", endpoint_worker_command,
       true},
  };
  return kCommands;
}

int run(int argc, char** argv) {
  forbid_core_files();
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    fmt::print("residency {}\n", RESIDENCY_VERSION);
    return 0;
  }
  for (const Command& command : commands()) {
    if (command.name == words[0]) return command.run({words.begin() + 1, words.end()});
  }
  fmt::print(stderr, "error: no such command: {}\nsee: residency --help\n", words[0]);
  return 2;
}

}  // namespace residency::cli
