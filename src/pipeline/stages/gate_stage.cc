#include "eval/eval.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

struct ScoredModel {
  std::string artifact;
  std::string adapter;  // "" for the base alone
  eval::ModelScores scores;
};

Result<void> validate(const ConfigNode& options) {
  auto parsed = eval::GateOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<ScoredModel> read_scores(store::Workspace& workspace, const store::Manifest& manifest) {
  ScoredModel model;
  model.artifact = manifest.id;
  model.adapter = json_text(manifest.properties, "adapter");
  RESIDENCY_TRY(const std::string text, workspace.read_blob(manifest.id, "scores.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(model.scores, eval::ModelScores::from_json(json));
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "predictions.jsonl"));
  RESIDENCY_TRY_VOID(model.scores.read_predictions(*lines));
  return model;
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto options, eval::GateOptions::from_config(context.options));
  std::optional<ScoredModel> base;
  std::optional<ScoredModel> tuned;
  for (const std::string& id : context.job.inputs) {
    RESIDENCY_TRY(const auto manifest, context.workspace.manifest(id));
    if (manifest.kind != "scores") continue;
    RESIDENCY_TRY(auto model, read_scores(context.workspace, manifest));
    (model.adapter.empty() ? base : tuned) = std::move(model);
  }
  if (!base || !tuned) {
    return failed_precondition(
        "the gate compares the scores of a base model with those of a tuned one: give both");
  }
  RESIDENCY_TRY(const auto base_file, base_model(context));
  RESIDENCY_TRY(auto comparison, eval::compare(base->scores, tuned->scores, options.seed,
                                               static_cast<std::size_t>(options.resamples)));
  RESIDENCY_TRY(const auto decision, eval::gate(options, comparison));
  eval::EvalReport report{std::move(base->scores), std::move(tuned->scores), std::move(comparison),
                          decision, decision.passed};
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("report.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(report.to_json())));
  RESIDENCY_TRY_VOID(writer->begin("models.json"));
  RESIDENCY_TRY_VOID(
      writer->append(dump_json({{"base", base_file.artifact}, {"adapter", tuned->adapter}})));
  auto manifest = context.manifest(
      "report", {base->artifact, tuned->artifact, base_file.artifact, tuned->adapter});
  manifest.properties = {{"gate", decision.to_json()},
                         {"adapter", tuned->adapter},
                         {"base", base_file.artifact},
                         {"base_sha256", base_file.sha256}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  // A gate that says no ends the run after its report is kept: deploy never sees it.
  return std::vector<std::string>{committed.id};
}

}  // namespace

Stage gate_stage() {
  return {"gate",   "compare base and tuned model, and decide",
          1,        {"scores", "base"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
