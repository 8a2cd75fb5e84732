#include "eval/eval.h"
#include "eval/suite.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

Result<void> validate(const ConfigNode& options) {
  auto parsed = eval::SuiteOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<eval::ModelScores> read_scores(store::Workspace& workspace, const std::string& artifact) {
  RESIDENCY_TRY(const std::string text, workspace.read_blob(artifact, "scores.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(auto scores, eval::ModelScores::from_json(json));
  RESIDENCY_TRY(const auto lines, workspace.read_lines(artifact, "predictions.jsonl"));
  RESIDENCY_TRY_VOID(scores.read_predictions(*lines));
  return scores;
}

/// A gate's report with the two scores that it compared, which are its first parents of that kind.
Result<eval::SuiteEntry> read_entry(store::Workspace& workspace, const store::Manifest& report) {
  RESIDENCY_TRY(const std::string text, workspace.read_blob(report.id, "report.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(const auto read, eval::EvalReport::from_json(json));
  std::vector<std::string> scores;
  for (const std::string& parent : report.parents) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(parent));
    if (manifest.kind == "scores") scores.push_back(parent);
  }
  if (scores.size() < 2) return corrupt("report without its two scores: " + report.id);
  eval::SuiteEntry entry;
  entry.report = report.id;
  entry.gate = read.gate;
  // Parents are kept as a set: which of the two is the tuned model's, its manifest says.
  for (const std::string& id : scores) {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(id));
    const std::string adapter = json_text(manifest.properties, "adapter");
    const bool own = json_text(manifest.properties, "base") == json_text(report.properties, "base");
    if (!own) continue;
    if (adapter.empty()) {
      RESIDENCY_TRY(entry.base, read_scores(workspace, id));
    } else if (adapter == json_text(report.properties, "adapter")) {
      RESIDENCY_TRY(entry.tuned, read_scores(workspace, id));
    }
  }
  if (entry.base.predictions.empty() || entry.tuned.predictions.empty())
    return corrupt("report without its two scores: " + report.id);
  return entry;
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto options, eval::SuiteOptions::from_config(context.options));
  std::vector<eval::SuiteEntry> entries;
  std::vector<std::string> reports;
  for (const std::string& id : context.job.inputs) {
    RESIDENCY_TRY(const auto manifest, context.workspace.manifest(id));
    if (manifest.kind != "report") continue;
    RESIDENCY_TRY(auto entry, read_entry(context.workspace, manifest));
    entries.push_back(std::move(entry));
    reports.push_back(manifest.id);
  }
  RESIDENCY_TRY(const auto suite, eval::make_suite(options, entries));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("suite.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(suite.to_json())));
  auto manifest = context.manifest("suite", reports);
  manifest.counts = {{"benchmarks", static_cast<std::int64_t>(reports.size())}};
  manifest.properties = {{"gate", suite.gate.to_json()}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return std::vector<std::string>{committed.id};
}

}  // namespace

Stage suite_stage() {
  return {"suite",  "join the reports of several benchmarks, and decide",
          1,        {"report"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
