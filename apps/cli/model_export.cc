#include "cli/model_export.h"

#include <fmt/format.h>
#include <unistd.h>

#include "audit/audit_log.h"
#include "model/convert.h"
#include "model/label_head.h"
#include "model/llama_config.h"
#include "model/peft.h"
#include "model/sha256_file.h"
#include "pipeline/parity_proof.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/trained_adapter.h"

namespace residency::cli {
namespace {

Result<void> record_export(store::Workspace& workspace, const std::string& adapter) {
  RESIDENCY_TRY(const auto log, audit::AuditLog::open(workspace));
  audit::Event event;
  event.type = "model.export";
  event.phase = "intent";
  event.actor = "os:" + std::to_string(::getuid());
  event.objects = {adapter};
  RESIDENCY_TRY_VOID(log->append(event));
  return {};
}

/// The label head of a model that has one goes beside the export.
Result<void> export_head(store::Workspace& workspace, const store::Manifest& manifest,
                         const ExportOptions& options) {
  if (!json_member(manifest.properties, "head").is_string()) return {};
  const std::string name(model::kHeadFile);
  RESIDENCY_TRY(const auto bytes, workspace.read_blob(manifest.id, name));
  const std::string path = options.out + (options.format == "peft" ? "/" : ".") + name;
  return Env::posix().write_file_atomic(path, bytes);
}

/// The adapter of an artifact and where its base is.
struct Trained {
  pipeline::BaseModelFile base;
  model::LoraAdapter adapter;
};

Result<Trained> trained_adapter(store::Workspace& workspace, const store::Manifest& manifest) {
  Trained trained;
  RESIDENCY_TRY(const auto base, workspace.manifest(json_text(manifest.properties, "base")));
  RESIDENCY_TRY(trained.base, pipeline::base_model_of(workspace, base));
  RESIDENCY_TRY(trained.adapter, pipeline::trained_adapter(workspace, manifest, trained.base));
  return trained;
}

/// Writes the proof beside the export; an export that does not hold is taken back.
Result<void> keep_proof(pipeline::ParityProof proof, const std::string& trained_path,
                        const ExportOptions& options) {
  Env& env = Env::posix();
  const bool folder = options.format == "peft";
  proof.export_form = options.format;
  RESIDENCY_TRY(proof.base_sha256, model::sha256_file(env, trained_path));
  if (!folder) {
    RESIDENCY_TRY(proof.exported_sha256, model::sha256_file(env, options.out));
  }
  const std::string path = options.out + (folder ? "/parity.json" : ".parity.json");
  RESIDENCY_TRY_VOID(env.write_file_atomic(path, proof.to_json().dump(2) + "\n"));
  if (proof.holds) return {};
  if (!folder) RESIDENCY_TRY_VOID(env.remove(options.out));
  return internal_error(fmt::format(
      "the exported model does not say what the trained one said: mean divergence {:.4f} nats, at "
      "most {} is allowed; see {}",
      proof.mean_divergence, pipeline::kParityDivergenceMax, path));
}

/// The folder as other programs would read it must hold the adapter value for value.
Result<void> check_peft(const Trained& trained, const model::PeftFiles& files) {
  RESIDENCY_TRY(const auto base_file, model::GgufFile::open(trained.base.path));
  RESIDENCY_TRY(const auto config, model::LlamaConfig::from_gguf(*base_file));
  RESIDENCY_TRY(const auto read, model::import_peft(files, config, "the export"));
  const auto mine = model::sorted_modules(trained.adapter);
  const auto theirs = model::sorted_modules(read);
  bool same = mine.size() == theirs.size() && read.alpha == trained.adapter.alpha &&
              read.rank == trained.adapter.rank;
  for (std::size_t i = 0; same && i < mine.size(); ++i) {
    same = mine[i]->tensor == theirs[i]->tensor && mine[i]->a == theirs[i]->a &&
           mine[i]->b == theirs[i]->b && mine[i]->magnitude == theirs[i]->magnitude;
  }
  if (same) return {};
  return internal_error("the PEFT folder does not hold the adapter's values");
}

Result<void> export_adapter(store::Workspace& workspace, const store::Manifest& manifest,
                            const ExportOptions& options) {
  Env& env = Env::posix();
  RESIDENCY_TRY(const auto trained, trained_adapter(workspace, manifest));
  const bool dora = trained.adapter.is_dora();
  if (dora && options.format == "gguf")
    return invalid_argument(
        "GGUF adapters cannot hold DoRA's magnitudes: --format merged, or peft");
  RESIDENCY_TRY(const auto file,
                workspace.materialize(manifest.id, dora ? "model.gguf" : "adapter.gguf"));
  pipeline::ParityInputs inputs{trained.base.path, &trained.adapter,
                                dora ? file->path() : trained.base.path,
                                dora ? std::string() : file->path()};
  if (options.format == "gguf") {
    RESIDENCY_TRY(const auto bytes, workspace.read_blob(manifest.id, "adapter.gguf"));
    RESIDENCY_TRY_VOID(env.write_file_atomic(options.out, bytes));
    inputs.exported_adapter_path = options.out;
  } else if (options.format == "peft") {
    RESIDENCY_TRY(const auto files, pipeline::peft_files(workspace, manifest));
    RESIDENCY_TRY_VOID(check_peft(trained, files));
    RESIDENCY_TRY_VOID(model::write_peft_folder(env, files, options.out));
  } else {
    RESIDENCY_TRY(const auto type, model::weight_type_named(options.type));
    RESIDENCY_TRY_VOID(
        model::convert_file(env, trained.base.path, &trained.adapter, type, options.out));
    inputs.exported_path = options.out;
    inputs.exported_adapter_path.clear();
  }
  RESIDENCY_TRY_VOID(export_head(workspace, manifest, options));
  RESIDENCY_TRY(auto proof, pipeline::prove_parity(inputs));
  return keep_proof(std::move(proof), trained.base.path, options);
}

Result<void> export_whole(store::Workspace& workspace, const store::Manifest& manifest,
                          const ExportOptions& options) {
  RESIDENCY_TRY(const auto type, model::weight_type_named(options.type));
  RESIDENCY_TRY(const auto file, workspace.materialize(manifest.id, "model.gguf"));
  RESIDENCY_TRY_VOID(model::convert_file(Env::posix(), file->path(), nullptr, type, options.out));
  RESIDENCY_TRY_VOID(export_head(workspace, manifest, options));
  RESIDENCY_TRY(auto proof,
                pipeline::prove_parity({file->path(), nullptr, options.out, std::string()}));
  return keep_proof(std::move(proof), file->path(), options);
}

}  // namespace

Result<void> export_model(const ExportOptions& options) {
  if (options.format != "peft" && options.format != "gguf" && options.format != "merged") {
    return invalid_argument("--format must be one of: peft, gguf, merged");
  }
  RESIDENCY_TRY(const auto workspace, open_workspace(options.common));
  RESIDENCY_TRY(const auto manifest, workspace->manifest(options.adapter));
  const bool whole = manifest.kind == "model";
  if (manifest.kind != "adapter" && !whole)
    return invalid_argument("neither an adapter nor a tuned model: " + manifest.id);
  if (whole && options.format == "peft")
    return invalid_argument("a model that was trained as a whole has no adapter: --format merged");
  RESIDENCY_TRY_VOID(record_export(*workspace, manifest.id));
  return whole ? export_whole(*workspace, manifest, options)
               : export_adapter(*workspace, manifest, options);
}

}  // namespace residency::cli
