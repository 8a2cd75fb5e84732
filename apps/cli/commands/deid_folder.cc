#include <fmt/format.h>
#include <memory>

#include "base/env.h"
#include "cli/commands/deid_commands.h"
#include "cli/terminal_progress.h"
#include "deid/folder_run.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kRecipeBytesMax = 4u << 20;

struct FolderWords {
  CommonOptions common;
  std::string in, out, recipe;
  std::string policy = "safe-harbor";
  std::string format = "auto";
};

struct Settings {
  ingest::IngestOptions sources;
  deid::DeidOptions deid;
};

Result<Settings> settings_of(const FolderWords& words) {
  Settings settings;
  if (words.recipe.empty()) {
    const Json config{{"sources", {{{"path", words.in}, {"format", words.format}}}}};
    RESIDENCY_TRY(const auto node, ConfigNode::parse(dump_json(config), "--format"));
    RESIDENCY_TRY(settings.sources, ingest::IngestOptions::from_config(node));
    RESIDENCY_TRY(settings.deid, policy_options(words.policy));
    return settings;
  }
  RESIDENCY_TRY(const std::string text, Env::posix().read_file(words.recipe, kRecipeBytesMax));
  RESIDENCY_TRY(const auto node, ConfigNode::parse(text, words.recipe));
  ConfigReader reader(node);
  RESIDENCY_TRY(settings.sources, ingest::IngestOptions::from_config(reader.child("ingest")));
  RESIDENCY_TRY(settings.deid, deid::DeidOptions::from_config(reader.child("deid")));
  return settings;
}

int clean(const FolderWords& words) {
  const auto work = [&]() -> Result<deid::FolderReport> {
    if (words.recipe.empty() == words.in.empty())
      return invalid_argument("name a folder or file with --in, or a recipe with --recipe");
    RESIDENCY_TRY(const auto settings, settings_of(words));
    TerminalProgress progress(words.common.quiet);
    progress.title("deid");
    return deid::clean_folder(Env::posix(), settings.sources, settings.deid, words.out, progress);
  };
  const auto report = work();
  if (!report.ok()) return fail(report.error(), words.common.json);
  if (words.common.json) {
    print_json({{"read", report->read.to_json()}, {"cleaned", report->cleaned.to_json()}});
  } else {
    fmt::print("{} records read, {} not readable; {} clean, {} set aside: {}\n",
               report->read.records, report->read.quarantined, report->cleaned.clean,
               report->cleaned.quarantined, words.out);
  }
  return report->read.quarantined + report->cleaned.quarantined == 0 ? 0 : 1;
}

}  // namespace

void add_deid_folder(CLI::App& app, Chosen& chosen) {
  auto* folder = app.add_subcommand(
      "folder", "de-identify all files of a folder into another, without a workspace");
  const auto words = std::make_shared<FolderWords>();
  words->common.add_to(*folder, false);
  folder->add_option("--in", words->in, "a folder or file of clinical data");
  folder->add_option("--out", words->out, "the folder to make")->required();
  folder
      ->add_option("--policy", words->policy,
                   "safe-harbor, limited-data-set, expert-determination, or a policy file")
      ->capture_default_str();
  folder
      ->add_option("--format", words->format,
                   "auto, fhir_bundle, fhir_ndjson, notes, csv, jsonl, hl7v2, ccda")
      ->capture_default_str();
  folder->add_option("--recipe", words->recipe,
                     "take the sources and the policy from the ingest and deid sections of a file");
  folder->callback([&chosen, words] { chosen = [words] { return clean(*words); }; });
}

}  // namespace residency::cli
