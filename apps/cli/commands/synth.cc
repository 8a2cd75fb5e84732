#include "synth/synth.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/terminal_progress.h"

namespace residency::cli {

int synth_command(const Words& words) {
  CLI::App app{
      "Makes a synthetic hospital: FHIR bundles and bulk export, notes, CSV, and the ground truth "
      "of "
      "PHI, entities, codes and interactions. The same seed gives the same bytes."};
  CommonOptions common;
  common.add_to(app, false);
  std::string out;
  int patients = 100;
  std::uint64_t seed = 1;
  std::vector<std::string> overrides;
  app.add_option("out", out, "the folder to make")->required();
  app.add_option("-n,--patients", patients, "how many patients")->capture_default_str();
  app.add_option("--seed", seed, "what the hospital is made from")->capture_default_str();
  app.add_option("-s,--set", overrides, "set one option: key=value (repeatable)");
  if (auto ended = parse(app, words)) return *ended;
  auto options = [&]() -> Result<synth::SynthOptions> {
    RESIDENCY_TRY(auto node, ConfigNode().with_overrides(overrides));
    return synth::SynthOptions::from_config(node);
  }();
  if (!options.ok()) return fail(options.error(), common.json);
  options->out_dir = out;
  if (app.count("--patients") > 0) options->patients = patients;
  if (app.count("--seed") > 0) options->seed = seed;
  TerminalProgress progress(common.quiet || common.json);
  progress.title("synth");
  auto summary = synth::generate(Env::posix(), *options, progress);
  progress.clear();
  if (!summary.ok()) return fail(summary.error(), common.json);
  if (common.json) {
    print_json({{"folder", out}, {"counts", summary->counts}});
  } else {
    fmt::print("made {}\n", out);
    for (const auto& [name, count] : summary->counts) fmt::print("  {:<16} {}\n", name, count);
  }
  return 0;
}

}  // namespace residency::cli
