#include "cli/model_export.h"

#include <unistd.h>

#include "audit/audit_log.h"
#include "model/convert.h"
#include "model/lora_gguf.h"
#include "model/peft.h"
#include "pipeline/stages/base_model.h"

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

Result<void> export_merged(store::Workspace& workspace, const store::Manifest& manifest,
                           const pipeline::BaseModelFile& base, const ExportOptions& options) {
  RESIDENCY_TRY(const auto type, model::weight_type_named(options.type));
  RESIDENCY_TRY(const auto file, workspace.materialize(manifest.id, "adapter.gguf"));
  RESIDENCY_TRY(const auto adapter_file, model::GgufFile::open(file->path()));
  RESIDENCY_TRY(const auto base_file, model::GgufFile::open(base.path));
  RESIDENCY_TRY(const auto adapter, model::read_lora_gguf(*adapter_file, *base_file));
  return model::convert_file(Env::posix(), base.path, &adapter, type, options.out);
}

}  // namespace

Result<void> export_model(const ExportOptions& options) {
  if (options.format != "peft" && options.format != "gguf" && options.format != "merged") {
    return invalid_argument("--format must be one of: peft, gguf, merged");
  }
  Env& env = Env::posix();
  RESIDENCY_TRY(const auto workspace, open_workspace(options.common));
  RESIDENCY_TRY(const auto manifest, workspace->manifest(options.adapter));
  const bool whole = manifest.kind == "model";
  if (manifest.kind != "adapter" && !whole)
    return invalid_argument("neither an adapter nor a tuned model: " + manifest.id);
  if (whole && options.format == "peft")
    return invalid_argument("a model that was trained as a whole has no adapter: --format merged");
  RESIDENCY_TRY_VOID(record_export(*workspace, manifest.id));
  if (whole) {
    RESIDENCY_TRY(const auto type, model::weight_type_named(options.type));
    RESIDENCY_TRY(const auto file, workspace->materialize(manifest.id, "model.gguf"));
    return model::convert_file(env, file->path(), nullptr, type, options.out);
  }
  if (options.format == "gguf") {
    RESIDENCY_TRY(const auto bytes, workspace->read_blob(manifest.id, "adapter.gguf"));
    return env.write_file_atomic(options.out, bytes);
  }
  if (options.format == "peft") {
    RESIDENCY_TRY(auto weights,
                  workspace->read_blob(manifest.id, std::string(model::kPeftWeightsFile)));
    RESIDENCY_TRY(auto config,
                  workspace->read_blob(manifest.id, std::string(model::kPeftConfigFile)));
    return model::write_peft_folder(env, {std::move(weights), std::move(config)}, options.out);
  }
  RESIDENCY_TRY(const auto base_manifest,
                workspace->manifest(json_text(manifest.properties, "base")));
  RESIDENCY_TRY(const auto base, pipeline::base_model_of(*workspace, base_manifest));
  return export_merged(*workspace, manifest, base, options);
}

}  // namespace residency::cli
