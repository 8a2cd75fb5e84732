#include <algorithm>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

Result<std::vector<GoldDocument>> read_file(Env& env, const std::string& path, OffsetUnit unit,
                                            const LabelOptions& labels) {
  RESIDENCY_TRY(std::string bytes, env.read_file(path));
  if (path.ends_with(".json") || path.ends_with(".jsonl")) {
    return read_json_gold(bytes, path, unit, labels);
  }
  std::vector<GoldDocument> documents(1);
  if (path.ends_with(".xml")) {
    RESIDENCY_TRY(documents[0], read_i2b2(bytes, path, labels));
    return documents;
  }
  const std::string annotations = path.substr(0, path.rfind('.')) + ".ann";
  if (path.ends_with(".txt") && env.exists(annotations)) {
    RESIDENCY_TRY(const std::string marks, env.read_file(annotations));
    RESIDENCY_TRY(documents[0], read_brat(std::move(bytes), marks, annotations, labels));
    return documents;
  }
  if (path.ends_with(".txt") && bytes.starts_with("==="))
    return read_inline_gold(bytes, path, labels);
  return invalid_input(
      "no gold that can be read (i2b2 .xml, brat .txt with .ann, .txt with marks, .json, "
      ".jsonl): " +
      path);
}

bool starts_with_header(Env& env, const std::string& path) {
  const auto file = env.open_read(path);
  if (!file.ok()) return false;
  const auto bytes = (*file)->read_at(0, 3);
  return bytes.ok() && *bytes == "===";
}

bool is_gold(Env& env, const std::string& path) {
  return path.ends_with(".xml") || path.ends_with(".json") || path.ends_with(".jsonl") ||
         (path.ends_with(".txt") &&
          (env.exists(path.substr(0, path.rfind('.')) + ".ann") || starts_with_header(env, path)));
}

}  // namespace

Result<std::vector<GoldDocument>> read_gold(Env& env, const std::string& path, OffsetUnit unit,
                                            const LabelOptions& labels) {
  if (env.exists(path + "/truth/phi.jsonl")) return read_synth_gold(env, path, labels);
  const auto entries = env.list(path);
  if (!entries.ok()) return read_file(env, path, unit, labels);
  std::vector<std::string> files;
  for (const DirEntry& entry : *entries) {
    const std::string file = path + "/" + entry.name;
    if (!entry.is_directory && is_gold(env, file)) files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  std::vector<GoldDocument> all;
  for (const std::string& file : files) {
    RESIDENCY_TRY(auto documents, read_file(env, file, unit, labels));
    std::move(documents.begin(), documents.end(), std::back_inserter(all));
  }
  if (all.empty()) return invalid_input("no gold in the folder: " + path);
  return all;
}

}  // namespace residency::deid
