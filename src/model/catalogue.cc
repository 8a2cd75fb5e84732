#include "model/catalogue.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "base/config.h"
#include "base/embedded_data.h"
#include "model/sha256_file.h"

RESIDENCY_EMBEDDED(model_catalogue);

namespace residency::model {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 50;

Result<CatalogueEntry> read_entry(const ConfigNode& node, const std::string& path) {
  ConfigReader reader(node, path);
  CatalogueEntry entry;
  entry.name = reader.text_required("name");
  entry.family = reader.text_required("family");
  entry.licence = reader.text_required("licence");
  entry.source = reader.text_required("source");
  entry.hf_name = reader.text("hf_name", "");
  entry.sha256 = reader.text_required("digest");
  entry.size_bytes = reader.integer("size_bytes", 0, 1, kLargest);
  entry.parameters = reader.integer("parameters", 0, 1, kLargest);
  entry.context_tokens = reader.integer("context_tokens", 0, 1, 1 << 26);
  entry.chat_template = reader.text("chat_template", "");
  if (entry.sha256 == "none") {
    entry.sha256.clear();
  } else if (!is_sha256(entry.sha256)) {
    reader.problem("digest", "is not 64 lower-case hex digits or none");
  }
  const auto name = entry.file_name();
  if (name.empty() || name == entry.source || name == "." || name == "..") {
    reader.problem("source", "names no file after '#'");
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return entry;
}

}  // namespace

std::string CatalogueEntry::file_name() const {
  const auto at = source.find_last_of("/#");
  return at == std::string::npos || source.find('#') == std::string::npos ? source
                                                                          : source.substr(at + 1);
}

Result<Catalogue> Catalogue::parse(std::string_view yaml, const std::string& name) {
  RESIDENCY_TRY(const auto root, ConfigNode::parse(yaml, name));
  ConfigReader reader(root);
  Catalogue catalogue;
  const auto list = reader.child("models");
  if (!list.is_sequence()) reader.problem("models", "is not a list");
  std::size_t number = 0;
  for (const auto& node : list.is_sequence() ? list.items() : std::vector<ConfigNode>{}) {
    auto entry = read_entry(node, fmt::format("models[{}].", number++));
    if (!entry.ok()) {
      reader.absorb(std::move(entry).error());
      continue;
    }
    if (catalogue.find(entry->name).ok()) reader.problem("models", "has two entries of one name");
    catalogue.entries_.push_back(std::move(*entry));
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return catalogue;
}

Result<Catalogue> Catalogue::built_in() { return parse(embedded_model_catalogue(), "models.yaml"); }

Result<CatalogueEntry> Catalogue::find(std::string_view name) const {
  std::string names;
  for (const auto& entry : entries_) {
    if (entry.name == name) return entry;
    names += (names.empty() ? "" : ", ") + entry.name;
  }
  return not_found(fmt::format("model is not in the catalogue (there are: {}): {}", names, name));
}

Result<CatalogueEntry> with_digest(CatalogueEntry entry, const std::string& sha256) {
  if (!is_sha256(sha256)) {
    return invalid_argument(fmt::format("digest is not 64 lower-case hex digits: {}", sha256));
  }
  if (!entry.sha256.empty() && entry.sha256 != sha256) {
    return failed_precondition(
        fmt::format("catalogue has another digest for {}: {}", entry.name, entry.sha256));
  }
  entry.sha256 = sha256;
  return entry;
}

std::string model_cache_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const auto cache = variable("RESIDENCY_CACHE"); !cache.empty()) return cache + "/models";
  if (const auto xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/residency/models";
  return variable("HOME") + "/.cache/residency/models";
}

Result<std::string> locate(Env& env, const CatalogueEntry& entry, const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, entry.file_name());
  if (entry.sha256.empty()) {
    return failed_precondition(fmt::format(
        "catalogue has no digest for this model; give the one you trust with --sha256: {}",
        entry.name));
  }
  if (!env.exists(path)) {
    return not_found(
        fmt::format("model file is not there; run 'scripts/setup model' or fetch it from {}: {}",
                    entry.source, path));
  }
  RESIDENCY_TRY(const auto digest, sha256_file(env, path));
  if (digest != entry.sha256) {
    return corrupt(fmt::format("model file's digest is {}, the catalogue says {}: {}", digest,
                               entry.sha256, path));
  }
  return path;
}

Result<std::string> locate(Env& env, const CatalogueEntry& entry) {
  return locate(env, entry, model_cache_folder());
}

}  // namespace residency::model
