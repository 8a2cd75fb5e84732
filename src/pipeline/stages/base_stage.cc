#include <filesystem>
#include <fmt/format.h>

#include "model/catalogue.h"
#include "model/convert.h"
#include "model/llama_config.h"
#include "model/quantise.h"
#include "pipeline/stages/base_model.h"
#include "pipeline/stages/file_digest.h"
#include "pipeline/stages/stages.h"

namespace residency::pipeline {
namespace {

constexpr const char* kAsIs = "as_is";  // the source's own bytes

/// Options of the `base` section.
struct BaseOptions {
  std::string name;    // of the catalogue
  std::string path;    // or a GGUF file
  std::string sha256;  // that the file must have
  std::string type;    // a number type, a quantised one or kAsIs

  static Result<BaseOptions> from_config(const ConfigNode& node) {
    ConfigReader reader(node, "base.");
    BaseOptions options;
    options.name = reader.text("name", "");
    options.path = reader.text("path", "");
    options.sha256 = reader.text("sha256", "");
    std::vector<std::string> types{"bf16", "f32", "f16", kAsIs};
    const auto& quantised = model::quantised_type_names();
    types.insert(types.end(), quantised.begin(), quantised.end());
    options.type = reader.choice("type", types, "bf16");
    if (options.name.empty() == options.path.empty()) {
      reader.problem("name", "or path: give the one or the other");
    }
    RESIDENCY_TRY_VOID(reader.finish());
    return options;
  }
};

struct BaseSource {
  std::string path;
  std::string sha256;
  model::CatalogueEntry entry;  // of a catalogue's model; only the name is set for a file
};

Result<BaseSource> find_source(Env& env, const BaseOptions& options) {
  BaseSource source;
  if (!options.name.empty()) {
    RESIDENCY_TRY(const auto catalogue, model::Catalogue::built_in());
    RESIDENCY_TRY(source.entry, catalogue.find(options.name));
    if (!options.sha256.empty()) {
      RESIDENCY_TRY(source.entry, model::with_digest(source.entry, options.sha256));
    }
    RESIDENCY_TRY(source.path, model::locate(env, source.entry));
    source.sha256 = source.entry.sha256;
    return source;
  }
  source.path = options.path;
  source.entry.name = std::filesystem::path(options.path).stem().string();
  RESIDENCY_TRY(source.sha256, file_sha256(env, options.path));
  if (!options.sha256.empty() && options.sha256 != source.sha256) {
    return corrupt(
        fmt::format("the file's digest is {}, not the one given: {}", source.sha256, options.path));
  }
  return source;
}

std::string converted_path(const store::Workspace& workspace, const std::string& source_sha256,
                           const std::string& type) {
  return fmt::format("{}/models/base-{}-{}.gguf", workspace.root(), source_sha256.substr(0, 16),
                     type);
}

Result<void> convert_if_missing(Env& env, const BaseSource& source, const std::string& type,
                                const std::string& target) {
  if (env.exists(target)) return {};
  RESIDENCY_TRY(const auto config, model::verify_gguf(source.path));
  static_cast<void>(config);
  if (type == kAsIs) return model::copy_model_file(env, source.path, target);
  // q8_0 was always ours to write: the digests of such bases must not change.
  if (model::is_quantised_type_name(type) && type != "q8_0") {
    return model::quantise_file(env, source.path, {type, false}, target);
  }
  RESIDENCY_TRY(const auto weights, model::weight_type_named(type));
  return model::convert_file(env, source.path, nullptr, weights, target);
}

Result<void> validate(const ConfigNode& options) {
  auto parsed = BaseOptions::from_config(options);
  if (!parsed.ok()) return parsed.error();
  return {};
}

Result<std::string> fingerprint(store::Workspace& workspace, const ConfigNode& node) {
  RESIDENCY_TRY(const auto options, BaseOptions::from_config(node));
  RESIDENCY_TRY(const auto source, find_source(workspace.env(), options));
  return source.sha256;
}

Result<std::vector<std::string>> run(StageContext& context) {
  Env& env = context.workspace.env();
  RESIDENCY_TRY(const auto options, BaseOptions::from_config(context.options));
  RESIDENCY_TRY(const auto source, find_source(env, options));
  const std::string target = converted_path(context.workspace, source.sha256, options.type);
  RESIDENCY_TRY_VOID(convert_if_missing(env, source, options.type, target));
  RESIDENCY_TRY(const std::string sha256, file_sha256(env, target));
  const Json description{{"name", source.entry.name},     {"licence", source.entry.licence},
                         {"source", source.entry.source}, {"source_sha256", source.sha256},
                         {"type", options.type},          {"sha256", sha256}};
  RESIDENCY_TRY(auto writer, context.workspace.write_artifact());
  RESIDENCY_TRY_VOID(writer->begin("base.json"));
  RESIDENCY_TRY_VOID(writer->append(dump_json(description)));
  auto manifest = context.manifest("base", {});
  manifest.properties = description;
  RESIDENCY_TRY(const auto committed, writer->commit(std::move(manifest)));
  // Where it came from may differ between machines, so it is not part of the artifact.
  RESIDENCY_TRY_VOID(
      context.workspace.put_record("base_source", committed.id, {{"path", source.path}}));
  return std::vector<std::string>{committed.id};
}

}  // namespace

Result<BaseModelFile> base_model_of(store::Workspace& workspace, const store::Manifest& base) {
  Env& env = workspace.env();
  const std::string source_sha256 = json_text(base.properties, "source_sha256");
  const std::string sha256 = json_text(base.properties, "sha256");
  const std::string type = json_text(base.properties, "type");
  const std::string path = converted_path(workspace, source_sha256, type);
  if (!env.exists(path)) {
    RESIDENCY_TRY(const auto record, workspace.get_record("base_source", base.id));
    BaseSource source;
    source.path = record ? json_text(*record, "path") : "";
    RESIDENCY_TRY(source.sha256, file_sha256(env, source.path));
    if (source.sha256 != source_sha256)
      return corrupt("the base model's source file has another digest: " + source.path);
    RESIDENCY_TRY_VOID(convert_if_missing(env, source, type, path));
  }
  RESIDENCY_TRY(const std::string found, file_sha256(env, path));
  if (found != sha256)
    return corrupt("the base model's digest differs; remove the file to have it made again: " +
                   path);
  return BaseModelFile{path, sha256, base.id, json_text(base.properties, "name")};
}

Result<std::optional<store::Manifest>> tuned_input(const StageContext& context) {
  RESIDENCY_TRY(auto adapter, context.optional_input("adapter"));
  if (adapter) return adapter;
  return context.optional_input("model");
}

Result<BaseModelFile> base_model(const StageContext& context) {
  RESIDENCY_TRY(const auto base, context.input("base"));
  return base_model_of(context.workspace, base);
}

Stage base_stage() {
  return {"base", "take a base model, checked and converted", 1, {}, validate, fingerprint, run};
}

}  // namespace residency::pipeline
