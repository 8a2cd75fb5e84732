#include <algorithm>
#include <fmt/format.h>

#include "crypto/sha256.h"
#include "pipeline/stages/stages.h"
#include "pipeline/stages/synth_folder.h"
#include "synth/synth.h"

namespace residency::pipeline {
namespace {

Result<void> validate(const ConfigNode& options) {
  auto parsed = synth::SynthOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(auto options, synth::SynthOptions::from_config(context.options));
  const std::string folder = synth_folder(context.workspace.root(), context.job.id);
  options.out_dir = folder;
  RESIDENCY_TRY_VOID(context.workspace.env().make_directories(context.workspace.root() + "/runs"));
  RESIDENCY_TRY(const auto summary,
                synth::generate(context.workspace.env(), options, context.progress));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("synth.json"));
  // The folder is named in the artifact so that ingest finds it; its content follows from the seed.
  const Json description{{"folder", "runs/" + context.job.id + "/synth"},
                         {"options", context.job.options_json},
                         {"counts", summary.counts}};
  RESIDENCY_TRY_VOID(writer->append(dump_json(description)));
  auto manifest = context.manifest("source", {});
  manifest.counts.insert(summary.counts.begin(), summary.counts.end());
  manifest.properties = {{"synthetic", true}, {"seed", options.seed}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return std::vector<std::string>{committed.id};
}

}  // namespace

std::string synth_folder(const std::string& workspace_root, const std::string& job_id) {
  return workspace_root + "/runs/" + job_id + "/synth";
}

Result<std::string> resolve_synth_path(const StageContext& context, const std::string& path) {
  constexpr std::string_view kPrefix = "synth:";
  if (path.rfind(kPrefix, 0) != 0) return path;
  RESIDENCY_TRY(const auto source, context.input("source"));
  return synth_folder(context.workspace.root(), source.job) + "/" + path.substr(kPrefix.size());
}

Stage synth_stage() {
  return {"synth", "make a synthetic hospital", 1, {}, validate, fingerprint, run};
}

}  // namespace residency::pipeline
