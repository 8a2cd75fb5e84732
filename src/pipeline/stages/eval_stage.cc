#include <optional>

#include "eval/eval.h"
#include "eval/evaluate_labels.h"
#include "infer/engine.h"
#include "model/label_head.h"
#include "pipeline/stages/artifact_parts.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

constexpr int kParallelSequences = 8;
constexpr int kContextTokens = 2048;

Result<void> validate(const ConfigNode& options) {
  auto parsed = eval::EvalOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<void> write_scores(store::ArtifactWriter& writer, const eval::ModelScores& scores) {
  RESIDENCY_TRY_VOID(writer.begin("scores.json"));
  RESIDENCY_TRY_VOID(writer.append(dump_json(scores.to_json())));
  RESIDENCY_TRY_VOID(writer.begin("predictions.jsonl"));
  for (const eval::Prediction& prediction : scores.predictions) {
    RESIDENCY_TRY_VOID(writer.lines().write(eval::to_json_line(prediction)));
  }
  return {};
}

Result<eval::ModelScores> score_text(StageContext& context, const eval::EvalOptions& options,
                                     const infer::EngineOptions& engine_options, LineSource& test) {
  RESIDENCY_TRY(const auto engine, infer::Engine::open(engine_options));
  return eval::evaluate(options, *engine, test, context.progress);
}

/// Scores a model whose head says labels.
Result<eval::ModelScores> score_labels(StageContext& context, const eval::EvalOptions& options,
                                       const infer::EngineOptions& engine_options,
                                       const std::string& artifact, LineSource& test) {
  const std::string name(model::kHeadFile);
  RESIDENCY_TRY(auto bytes, context.workspace.read_blob(artifact, name));
  RESIDENCY_TRY(auto head, model::read_label_head(std::move(bytes), name));
  RESIDENCY_TRY(const auto model, eval::LabelModel::open(engine_options, std::move(head)));
  return eval::evaluate_labels(options, *model, test, context.progress);
}

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(const auto options, eval::EvalOptions::from_config(context.options));
  RESIDENCY_TRY(const auto dataset, context.input("dataset"));
  RESIDENCY_TRY(const auto base, base_model(context));
  RESIDENCY_TRY(const auto adapter, tuned_input(context));
  infer::EngineOptions engine_options;
  engine_options.model_path = base.path;
  engine_options.context_tokens = kContextTokens;
  engine_options.parallel_sequences = kParallelSequences;
  std::unique_ptr<store::MaterializedFile> adapter_file;
  std::vector<std::string> parents{dataset.id, base.artifact};
  if (adapter) {
    const bool whole = has_blob(*adapter, "model.gguf");
    RESIDENCY_TRY(adapter_file, context.workspace.materialize(
                                    adapter->id, whole ? "model.gguf" : "adapter.gguf"));
    (whole ? engine_options.model_path : engine_options.adapter_path) = adapter_file->path();
    parents.push_back(adapter->id);
  }
  RESIDENCY_TRY(const auto test, context.workspace.read_lines(dataset.id, "test.jsonl"));
  const bool labels = adapter && json_member(adapter->properties, "head").is_string();
  RESIDENCY_TRY(const auto scores,
                labels ? score_labels(context, options, engine_options, adapter->id, *test)
                       : score_text(context, options, engine_options, *test));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(write_scores(*writer, scores));
  // Which model was scored is content: two models with equal answers are two artifacts.
  RESIDENCY_TRY_VOID(writer->begin("model.json"));
  RESIDENCY_TRY_VOID(writer->append(
      dump_json({{"base", base.artifact}, {"adapter", adapter ? adapter->id : ""}})));
  auto manifest = context.manifest("scores", std::move(parents));
  manifest.counts = {{"items", static_cast<std::int64_t>(scores.items)}};
  manifest.properties = {{"adapter", adapter ? adapter->id : ""}, {"base", base.artifact}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return std::vector<std::string>{committed.id};
}

}  // namespace

Stage eval_stage() {
  return {"eval",   "score a model on the test set",
          1,        {"dataset", "base", "adapter?"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
