#include <fmt/format.h>

#include "dataset/dataset.h"
#include "model/convert.h"
#include "model/llama_config.h"
#include "model/lora_gguf.h"
#include "model/peft.h"
#include "pipeline/stages/artifact_parts.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/clearance.h"
#include "pipeline/stages/run_folder.h"
#include "pipeline/stages/stages.h"
#include "pipeline/stages/trained_adapter.h"
#include "pipeline/stages/training_set.h"
#include "pipeline/training_ranks.h"
#include "train/run_plan.h"
#include "train/tracking/training_files.h"
#include "train/train.h"

namespace residency::pipeline {
namespace {

class StateCheckpoints final : public train::CheckpointStore {
 public:
  StateCheckpoints(store::Workspace& workspace, std::string job)
      : workspace_(workspace), prefix_("train/" + std::move(job) + "/") {}
  Result<void> put(const std::string& name, std::string_view bytes) override {
    return workspace_.put_state(prefix_ + name, bytes);
  }
  Result<std::optional<std::string>> get(const std::string& name) override {
    return workspace_.get_state(prefix_ + name);
  }
  Result<void> remove(const std::string& name) override {
    return workspace_.remove_state(prefix_ + name);
  }
  Result<void> remove_all() { return workspace_.remove_state(prefix_); }

 private:
  store::Workspace& workspace_;
  std::string prefix_;
};

/// An artifact's blob as a file to write to.
class BlobFile final : public WritableFile {
 public:
  explicit BlobFile(store::ArtifactWriter& writer) : writer_(writer) {}
  Result<void> append(std::string_view bytes) override { return writer_.append(bytes); }
  Result<void> sync() override { return {}; }
  Result<void> close() override { return {}; }

 private:
  store::ArtifactWriter& writer_;
};

Json summary(const train::TrainOptions& options, const train::TrainResult& result,
             const TrainingSet& train_set) {
  Json json{{"steps", result.steps},
            {"tokens", result.tokens},
            {"stopped_early", result.stopped_early},
            {"engine", result.engine}};
  json["best_validation_loss"] =
      result.best_validation_loss ? Json(*result.best_validation_loss) : Json();
  json["final_loss"] = result.history.empty() ? Json() : Json(result.history.back().loss);
  auto parsed = parse_json(options.canonical_json());
  json["options"] = parsed.ok() ? *parsed : Json();
  auto truncation = parse_json(train_set.report.to_json());
  json["truncation"] = truncation.ok() ? *truncation : Json();
  return json;
}

Result<void> validate(const ConfigNode& options) {
  auto parsed = train::TrainOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace&, const ConfigNode&) { return std::string(); }

Result<void> write_adapter(store::ArtifactWriter& writer, const train::TrainResult& result,
                           const BaseModelFile& base) {
  RESIDENCY_TRY(const auto config, model::verify_gguf(base.path));
  RESIDENCY_TRY(const auto peft, model::export_peft(result.adapter, config, base.name));
  if (result.adapter.is_dora()) {
    // llama.cpp knows plain LoRA alone: what is evaluated and served is the merged model.
    RESIDENCY_TRY(const auto file, model::GgufFile::open(base.path));
    RESIDENCY_TRY_VOID(writer.begin("model.gguf"));
    BlobFile out(writer);
    RESIDENCY_TRY_VOID(model::merge_lora(*file, result.adapter, model::WeightType::kBf16, out));
  } else {
    RESIDENCY_TRY(const std::string gguf, model::write_lora_gguf(result.adapter, config));
    RESIDENCY_TRY_VOID(write_blob(writer, "adapter.gguf", gguf));
  }
  RESIDENCY_TRY_VOID(write_blob(writer, std::string(model::kPeftWeightsFile), peft.weights));
  return write_blob(writer, std::string(model::kPeftConfigFile), peft.config);
}

/// The model that was trained as a whole, in the number type that it was trained in.
Result<void> write_model(store::ArtifactWriter& writer, const train::TunedWeights& tuned,
                         const BaseModelFile& base, const train::TrainOptions& options) {
  RESIDENCY_TRY(const auto file, model::GgufFile::open(base.path));
  const auto type = options.precision == train::Precision::kBf16 ? model::WeightType::kBf16
                                                                 : model::WeightType::kF32;
  RESIDENCY_TRY_VOID(writer.begin("model.gguf"));
  BlobFile out(writer);
  return model::replace_tensors(
      *file, [&](const std::string& name) { return tuned.find(name); }, type, out);
}

Result<void> write_history(store::ArtifactWriter& writer,
                           const std::vector<train::LossPoint>& history) {
  RESIDENCY_TRY_VOID(
      write_blob(writer, "step_wise_training_metrics.csv", train::training_metrics_csv(history)));
  RESIDENCY_TRY_VOID(
      write_blob(writer, "validation_metrics.csv", train::validation_metrics_csv(history)));
  RESIDENCY_TRY_VOID(write_blob(writer, "metrics.jsonl", train::metrics_jsonl(history)));
  return write_blob(writer, "loss_curve.svg", train::loss_curve_svg(history));
}

/// The adapter that train.from names: of the same base, without a label head.
Result<std::optional<model::LoraAdapter>> adapter_to_begin_with(store::Workspace& workspace,
                                                                const train::TrainOptions& options,
                                                                const BaseModelFile& base) {
  RESIDENCY_TRY(const auto manifest, workspace.manifest(options.from));
  if (manifest.kind != "adapter")
    return invalid_argument("train.from is no adapter: " + manifest.id);
  if (json_text(manifest.properties, "base_sha256") != base.sha256)
    return failed_precondition(
        "train.from is an adapter of another base model than the recipe's: " + manifest.id);
  if (json_member(manifest.properties, "head").is_string())
    return invalid_argument("train.from has a label head, which is not gone on with: " +
                            manifest.id);
  RESIDENCY_TRY(auto adapter, trained_adapter(workspace, manifest, base));
  return std::optional<model::LoraAdapter>(std::move(adapter));
}

/// What every rank of a training holds.
struct Prepared {
  train::TrainOptions options;
  store::Manifest dataset;
  BaseModelFile base;
  std::optional<model::LoraAdapter> from;
  TrainingSet train_set;
  TrainingSet validation_set;
};

Result<Prepared> prepare(StageContext& context) {
  Prepared made;
  RESIDENCY_TRY(made.options, train::TrainOptions::from_config(context.options));
  RESIDENCY_TRY(made.dataset, context.input("dataset"));
  RESIDENCY_TRY_VOID(
      check_clearance(context.workspace, made.dataset, context.workspace.env().now_unix_ms()));
  RESIDENCY_TRY(made.base, base_model(context));
  if (!made.options.from.empty()) {
    RESIDENCY_TRY(made.from, adapter_to_begin_with(context.workspace, made.options, made.base));
  }
  return made;
}

/// Rank 0 tokenises, the others wait and read what it left.
Result<void> tokenize_sets(StageContext& context, TrainingRanks& ranks,
                           train::CheckpointStore& store, Prepared& made) {
  if (made.options.threads == 0) made.options.threads = ranks.threads();
  const bool leads = ranks.group() == nullptr || ranks.group()->rank() == 0;
  if (!leads) {
    RESIDENCY_TRY([[maybe_unused]] const std::string said, ranks.group()->share("tokens", ""));
  }
  const auto make = [&]() -> Result<void> {
    RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(made.base.path));
    const TrainingSetPlace place{store, made.base.sha256, leads};
    RESIDENCY_TRY(made.train_set, training_set(context, made.dataset.id, "train.jsonl", *tokenizer,
                                               place, made.options));
    RESIDENCY_TRY(made.validation_set, training_set(context, made.dataset.id, "validation.jsonl",
                                                    *tokenizer, place, made.options));
    return {};
  };
  RESIDENCY_TRY_VOID(make());
  if (leads && ranks.group() != nullptr) {
    RESIDENCY_TRY([[maybe_unused]] const std::string said,
                  ranks.group()->share("tokens", "are there"));
  }
  if (!made.train_set.sequences().empty()) return {};
  return invalid_input(
      fmt::format("no training example fits train.sequence_tokens_max ({} dropped): raise it",
                  made.train_set.report.dropped));
}

class NoMetrics final : public train::MetricSink {
 public:
  void step(const train::StepMetrics&) override {}
};

Result<std::vector<std::string>> run(StageContext& context) {
  RESIDENCY_TRY(Prepared made, prepare(context));
  // The base's file stands before other ranks look for it.
  RESIDENCY_TRY(const auto ranks, TrainingRanks::lead(context.workspace.root(), context.job.id));
  StateCheckpoints checkpoints(context.workspace, context.job.id);
  RESIDENCY_TRY_VOID(tokenize_sets(context, *ranks, checkpoints, made));
  auto& [options, dataset, base, from, train_set, validation_set] = made;
  const std::string folder = context.workspace.root() + "/runs/" + context.job.id;
  RESIDENCY_TRY_VOID(context.workspace.env().make_directories(folder));
  RunFolder run_folder(context.workspace.env(), folder);
  const train::TrainInputs inputs{base.path, train_set.sequences(), validation_set.sequences(),
                                  ranks->group(), from ? &*from : nullptr};
  RESIDENCY_TRY(const auto config, model::verify_gguf(base.path));
  RESIDENCY_TRY(
      const auto plan,
      train::plan_run(options, config, train::count_tokens(options, train_set.sequences()),
                      train::available_memory_bytes()));
  context.progress.update(0, 0, "steps", plan.text());
  run_folder.plan(plan);
  RESIDENCY_TRY(auto result,
                train::run(options, inputs, checkpoints, run_folder, context.progress));
  run_folder.end();
  result.adapter.base_sha256 = base.sha256;
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  const bool full = options.method == "full";
  RESIDENCY_TRY_VOID(full ? write_model(*writer, result.tuned, base, options)
                          : write_adapter(*writer, result, base));
  if (result.head) {
    RESIDENCY_TRY(const std::string head, model::write_label_head(*result.head));
    RESIDENCY_TRY_VOID(write_blob(*writer, std::string(model::kHeadFile), head));
  }
  RESIDENCY_TRY_VOID(write_history(*writer, result.history));
  const Json training = summary(options, result, train_set);
  RESIDENCY_TRY_VOID(write_blob(*writer, "training.json", dump_json(training)));
  std::vector<std::string> parents{dataset.id, base.artifact};
  if (from) {
    RESIDENCY_TRY(const auto first, context.workspace.manifest(options.from));
    parents.push_back(first.id);
  }
  auto manifest = context.manifest(full ? "model" : "adapter", std::move(parents));
  manifest.counts = {
      {"steps", result.steps},
      {"examples", static_cast<std::int64_t>(train_set.report.examples - train_set.report.dropped)},
      {"examples_dropped", static_cast<std::int64_t>(train_set.report.dropped)},
      {"examples_cut", static_cast<std::int64_t>(train_set.report.cut)}};
  manifest.properties = {
      {"base", base.artifact}, {"base_sha256", base.sha256}, {"training", training}};
  if (result.head) manifest.properties["head"] = options.head.kind;
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  RESIDENCY_TRY_VOID(checkpoints.remove_all());
  return std::vector<std::string>{committed.id};
}

}  // namespace

Result<void> train_as_follower(StageContext& context, TrainingRanks& ranks) {
  RESIDENCY_TRY(Prepared made, prepare(context));
  StateCheckpoints checkpoints(context.workspace, context.job.id);
  RESIDENCY_TRY_VOID(tokenize_sets(context, ranks, checkpoints, made));
  NoMetrics metrics;
  const train::TrainInputs inputs{made.base.path, made.train_set.sequences(),
                                  made.validation_set.sequences(), ranks.group(),
                                  made.from ? &*made.from : nullptr};
  auto result = train::run(made.options, inputs, checkpoints, metrics, context.progress);
  return result.ok() ? Result<void>() : result.error();
}

Stage train_stage() {
  return {"train", "fine-tune a base model", 1, {"dataset", "base"}, validate, fingerprint, run};
}

}  // namespace residency::pipeline
