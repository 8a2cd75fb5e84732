#include <filesystem>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/commands/deid_commands.h"
#include "cli/stage_run.h"

namespace residency::cli {

int deid_command(const Words& words) {
  CLI::App app{
      "Removes protected health information: detect, decide by policy, transform, verify. "
      "Gives a clean corpus with its certificate."};
  app.require_subcommand(1);
  StageRunOptions options;
  std::string input;
  std::string policy;
  Chosen chosen;
  auto* run = app.add_subcommand("run", "de-identify a raw corpus");
  options.add_to(*run);
  run->add_option("--input", input, "a corpus.raw artifact's id")->required();
  run->add_option("--policy", policy,
                  "safe-harbor, limited-data-set, expert-determination, or a policy file");
  add_deid_policy(app, chosen);
  add_deid_crosswalk(app, chosen);
  add_deid_reverse(app, chosen);
  add_deid_score(app, chosen);
  add_deid_train_tagger(app, chosen);
  add_deid_text(app, chosen);
  add_deid_folder(app, chosen);
  add_deid_review(app, chosen);
  add_deid_parrot(app, chosen);
  add_deid_certificate(app, chosen);
  add_deid_risk(app, chosen);
  if (auto ended = parse(app, words)) return *ended;
  if (chosen) return chosen();
  options.inputs = {input};
  Json flags = Json::object();
  if (!policy.empty()) {
    std::error_code ignored;
    if (Env::posix().exists(policy))
      flags["policy"]["file"] = std::filesystem::absolute(policy, ignored).string();
    else
      flags["policy"]["preset"] = policy;
  }
  return run_stage("deid", options, flags);
}

}  // namespace residency::cli
