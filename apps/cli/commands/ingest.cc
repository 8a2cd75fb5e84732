#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/stage_run.h"
#include "ingest/safe_file_label.h"

namespace residency::cli {
namespace {

struct IngestFlags {
  StageRunOptions run;
  std::vector<std::string> sources;
  std::string format;
};

Json to_flags(const IngestFlags& flags) {
  Json options = Json::object();
  for (const std::string& source : flags.sources) {
    Json entry{{"path", source}};
    if (!flags.format.empty()) entry["format"] = flags.format;
    options["sources"].push_back(std::move(entry));
  }
  return options;
}

/// Prints the rejected records of a quarantine artifact: the reason and the place, and with
/// `show_files` the files' own names, which may identify patients.
int show_quarantine(const CommonOptions& common, const std::string& artifact, bool show_files) {
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  auto lines = (*workspace)->read_lines(artifact, "quarantine.jsonl");
  if (!lines.ok()) return fail(lines.error(), common.json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (true) {
    auto more = (*lines)->next(line);
    if (!more.ok()) return fail(more.error(), common.json);
    if (!*more) break;
    auto entry = parse_json(line);
    if (!entry.ok()) return fail(entry.error(), common.json);
    const Json& source = json_member(*entry, "source");  // an entry of deid has none
    const std::string path = json_text(source, "file");
    const std::string file = path.empty() ? json_text(*entry, "record")
                             : show_files ? path
                                          : ingest::safe_file_label(path);
    const std::int64_t at = json_integer(source, "line");
    const std::string field = json_text(*entry, "field");
    const std::string reason = json_text(*entry, "reason");
    const std::string detail = json_text(*entry, "detail");
    rows.push_back({file, at == 0 ? "" : std::to_string(at), field, reason, detail});
    all.push_back(
        {{"file", file}, {"line", at}, {"field", field}, {"reason", reason}, {"detail", detail}});
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"FILE OR RECORD", "LINE", "FIELD", "REASON", "DETAIL"}, rows));
  }
  return 0;
}

}  // namespace

int ingest_command(const Words& words) {
  CLI::App app{
      "Reads clinical records into the workspace, encrypted. What cannot be read is put in "
      "quarantine with the reason; nothing is dropped silently."};
  app.require_subcommand(1);
  IngestFlags flags;
  auto* run = app.add_subcommand("run", "read one or more sources");
  flags.run.add_to(*run);
  run->add_option("--source", flags.sources, "a folder or file (repeatable)");
  run->add_option("--format", flags.format, "auto, fhir_bundle, fhir_ndjson, notes, csv, jsonl");
  auto* quarantine = app.add_subcommand("quarantine", "list what was rejected, and why");
  CommonOptions common;
  common.add_to(*quarantine);
  std::string artifact;
  bool show_files = false;
  quarantine->add_option("artifact", artifact, "a quarantine artifact's id")->required();
  quarantine->add_flag("--show-files", show_files,
                       "print the files' own names, which may identify patients");
  if (auto ended = parse(app, words)) return *ended;
  if (quarantine->parsed()) return show_quarantine(common, artifact, show_files);
  return run_stage("ingest", flags.run, to_flags(flags));
}

}  // namespace residency::cli
