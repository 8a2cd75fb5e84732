#include <algorithm>
#include <optional>

#include "eval/eval.h"
#include "eval/evaluate_labels.h"
#include "eval/exposure.h"
#include "eval/general_text.h"
#include "eval/shots.h"
#include "infer/engine.h"
#include "model/label_head.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/file_digest.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

constexpr int kParallelSequences = 8;
constexpr int kContextTokens = 2048;
constexpr std::uint64_t kTextBytesMax = 64u << 20;

Result<void> validate(const ConfigNode& options) {
  auto parsed = eval::EvalOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

bool is_file(const std::string& general_text) {
  return general_text != "none" && general_text != "builtin";
}

/// The digests of the files that the options name.
Result<std::string> fingerprint(store::Workspace& workspace, const ConfigNode& node) {
  RESIDENCY_TRY(const auto options, eval::EvalOptions::from_config(node));
  std::string digests;
  if (!options.code_table.empty()) {
    RESIDENCY_TRY(const std::string digest, tree_sha256(workspace.env(), options.code_table));
    digests += "codes " + digest;
  }
  if (is_file(options.general_text)) {
    RESIDENCY_TRY(const std::string digest, tree_sha256(workspace.env(), options.general_text));
    digests += " text " + digest;
  }
  return digests;
}

Result<void> write_scores(store::ArtifactWriter& writer, const eval::ModelScores& scores) {
  RESIDENCY_TRY_VOID(writer.begin("scores.json"));
  RESIDENCY_TRY_VOID(writer.append(dump_json(scores.to_json())));
  RESIDENCY_TRY_VOID(writer.begin("predictions.jsonl"));
  for (const eval::Prediction& prediction : scores.predictions) {
    RESIDENCY_TRY_VOID(writer.lines().write(eval::to_json_line(prediction)));
  }
  return {};
}

/// How much the model gives away of the canaries that its data set holds, if it holds any.
Result<void> add_exposure(StageContext& context, infer::Engine& engine,
                          const store::Manifest& dataset, eval::ModelScores& scores) {
  const auto is_canaries = [](const store::Blob& blob) { return blob.name == "canaries.json"; };
  if (std::none_of(dataset.blobs.begin(), dataset.blobs.end(), is_canaries)) return {};
  RESIDENCY_TRY(const std::string text, context.workspace.read_blob(dataset.id, "canaries.json"));
  RESIDENCY_TRY(const auto canaries, dataset::canaries_from_json(text));
  RESIDENCY_TRY(const auto report, eval::measure_exposure(engine, canaries, {}, context.progress));
  scores.metrics.merge(report.metrics());
  return {};
}

Result<eval::ModelScores> score_text(StageContext& context, const eval::EvalOptions& options,
                                     const infer::EngineOptions& engine_options,
                                     const store::Manifest& dataset, eval::EvalInputs inputs) {
  if (is_file(options.general_text)) {
    RESIDENCY_TRY(inputs.general_text,
                  context.workspace.env().read_file(options.general_text, kTextBytesMax));
  } else if (options.general_text == "builtin") {
    inputs.general_text = eval::builtin_general_text();
  }
  RESIDENCY_TRY(const auto engine, infer::Engine::open(engine_options));
  RESIDENCY_TRY(auto scores, eval::evaluate(options, *engine, std::move(inputs), context.progress));
  RESIDENCY_TRY_VOID(add_exposure(context, *engine, dataset, scores));
  return scores;
}

/// Scores a model whose head says labels.
Result<eval::ModelScores> score_labels(StageContext& context, const eval::EvalOptions& options,
                                       const infer::EngineOptions& engine_options,
                                       const std::string& artifact, eval::EvalInputs inputs) {
  const std::string name(model::kHeadFile);
  RESIDENCY_TRY(auto bytes, context.workspace.read_blob(artifact, name));
  RESIDENCY_TRY(auto head, model::read_label_head(std::move(bytes), name));
  RESIDENCY_TRY(const auto model, eval::LabelModel::open(engine_options, std::move(head)));
  return eval::evaluate_labels(options, *model, std::move(inputs), context.progress);
}

/// The training examples of the set that the model was tuned on, which need not be the one that it
/// is scored on. Null where there is none.
Result<std::unique_ptr<LineSource>> training_lines(store::Workspace& workspace,
                                                   const store::Manifest& tuned) {
  for (const std::string& id : tuned.parents) {
    RESIDENCY_TRY(const auto parent, workspace.manifest(id));
    if (parent.kind != "dataset") continue;
    return workspace.read_lines(parent.id, "train.jsonl");
  }
  return std::unique_ptr<LineSource>();
}

/// What the options name, opened.
struct Opened {
  std::optional<eval::CodeTable> codes;
  std::vector<dataset::Example> shots;
};

Result<Opened> open_inputs(StageContext& context, const eval::EvalOptions& options,
                           const std::string& dataset) {
  Opened opened;
  if (!options.code_table.empty()) {
    RESIDENCY_TRY(const std::string bytes,
                  context.workspace.env().read_file(options.code_table, kTextBytesMax));
    RESIDENCY_TRY(opened.codes, eval::CodeTable::parse(bytes, options.code_table));
  }
  if (options.shots > 0) {
    const std::string name =
        options.shots_from == eval::ShotsFrom::kTrain ? "train.jsonl" : "validation.jsonl";
    RESIDENCY_TRY(const auto lines, context.workspace.read_lines(dataset, name));
    RESIDENCY_TRY(opened.shots, eval::read_pool(*lines, name));
  }
  return opened;
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
  std::unique_ptr<LineSource> training;
  if (adapter) {
    const bool whole = adapter->kind == "model";
    RESIDENCY_TRY(adapter_file, context.workspace.materialize(
                                    adapter->id, whole ? "model.gguf" : "adapter.gguf"));
    (whole ? engine_options.model_path : engine_options.adapter_path) = adapter_file->path();
    parents.push_back(adapter->id);
    RESIDENCY_TRY(training, training_lines(context.workspace, *adapter));
  }
  RESIDENCY_TRY(auto opened, open_inputs(context, options, dataset.id));
  RESIDENCY_TRY(const auto split,
                eval::OfficialSplit::from_json(json_member(dataset.properties, "split")));
  RESIDENCY_TRY(const auto test, context.workspace.read_lines(dataset.id, "test.jsonl"));
  eval::EvalInputs inputs{*test, std::move(opened.shots), opened.codes ? &*opened.codes : nullptr,
                          "",    training.get(),          split};
  const bool labels = adapter && json_member(adapter->properties, "head").is_string();
  RESIDENCY_TRY(const auto scores,
                labels
                    ? score_labels(context, options, engine_options, adapter->id, std::move(inputs))
                    : score_text(context, options, engine_options, dataset, std::move(inputs)));
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(write_scores(*writer, scores));
  // Which model was scored is content: two models with equal answers are two artifacts.
  RESIDENCY_TRY_VOID(writer->begin("model.json"));
  RESIDENCY_TRY_VOID(writer->append(
      dump_json({{"base", base.artifact}, {"adapter", adapter ? adapter->id : ""}})));
  auto manifest = context.manifest("scores", std::move(parents));
  manifest.counts = {{"items", static_cast<std::int64_t>(scores.items)}};
  manifest.properties = {
      {"adapter", adapter ? adapter->id : ""}, {"base", base.artifact}, {"name", base.name}};
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  return std::vector<std::string>{committed.id};
}

}  // namespace

Stage eval_stage() {
  return {"eval",   "score a model on the test set",
          2,        {"dataset", "base", "adapter?"},
          validate, fingerprint,
          run};
}

}  // namespace residency::pipeline
