#include "eval/eval.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

struct ScoredModel {
  std::string artifact;
  std::string base;
  std::string name;     // of the base
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
  model.base = json_text(manifest.properties, "base");
  model.name = json_text(manifest.properties, "name");
  RESIDENCY_TRY(const std::string text, workspace.read_blob(manifest.id, "scores.json"));
  RESIDENCY_TRY(const Json json, parse_json(text));
  RESIDENCY_TRY(model.scores, eval::ModelScores::from_json(json));
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "predictions.jsonl"));
  RESIDENCY_TRY_VOID(model.scores.read_predictions(*lines));
  return model;
}

/// The tuned model against each other one.
Result<std::vector<eval::OtherModel>> compare_others(const eval::GateOptions& options,
                                                     const eval::ModelScores& tuned,
                                                     std::vector<ScoredModel>& others,
                                                     std::vector<std::string>& parents) {
  std::vector<eval::OtherModel> compared;
  for (ScoredModel& other : others) {
    eval::OtherModel made;
    made.name = other.name.empty() ? other.base : other.name;
    if (!other.adapter.empty()) made.name += " with " + other.adapter.substr(0, 12);
    auto comparison = eval::compare(other.scores, tuned, options.seed,
                                    static_cast<std::size_t>(options.resamples), false);
    if (!comparison.ok()) return comparison.error().with_context(other.artifact);
    made.comparison = *std::move(comparison);
    made.scores = std::move(other.scores);
    parents.push_back(other.artifact);
    compared.push_back(std::move(made));
  }
  return compared;
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto options, eval::GateOptions::from_config(context.options));
  RESIDENCY_TRY(const auto base_file, base_model(context));
  std::optional<ScoredModel> base;
  std::optional<ScoredModel> tuned;
  std::vector<ScoredModel> others;
  for (const std::string& id : context.job.inputs) {
    RESIDENCY_TRY(const auto manifest, context.workspace.manifest(id));
    if (manifest.kind != "scores") continue;
    RESIDENCY_TRY(auto model, read_scores(context.workspace, manifest));
    auto& place = model.adapter.empty() ? base : tuned;
    if (model.base == base_file.artifact && !place) {
      place = std::move(model);
    } else {
      others.push_back(std::move(model));
    }
  }
  if (!base || !tuned) {
    return failed_precondition(
        "the gate compares the scores of a base model with those of a tuned one: give both");
  }
  RESIDENCY_TRY(auto comparison, eval::compare(base->scores, tuned->scores, options.seed,
                                               static_cast<std::size_t>(options.resamples)));
  RESIDENCY_TRY(const auto decision, eval::gate(options, comparison));
  std::vector<std::string> parents{base->artifact, tuned->artifact, base_file.artifact,
                                   tuned->adapter};
  RESIDENCY_TRY(auto compared, compare_others(options, tuned->scores, others, parents));
  eval::EvalReport report{std::move(base->scores), std::move(tuned->scores),
                          std::move(comparison),   decision,
                          decision.passed,         std::move(compared)};
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("report.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(report.to_json())));
  RESIDENCY_TRY_VOID(writer->begin("models.json"));
  RESIDENCY_TRY_VOID(
      writer->append(dump_json({{"base", base_file.artifact}, {"adapter", tuned->adapter}})));
  auto manifest = context.manifest("report", std::move(parents));
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
          2,        {"scores", "base"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
