#include "eval/corpora/folder.h"

#include <algorithm>

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kDepthMax = 8;

Result<void> collect(Env& env, const std::string& folder, std::string_view ending,
                     std::size_t depth, std::vector<std::string>& files) {
  if (depth > kDepthMax) return resource_exhausted("corpus folder: too deep: " + folder);
  RESIDENCY_TRY(const auto entries, env.list(folder));
  for (const DirEntry& entry : entries) {
    if (entry.name.starts_with('.')) continue;
    const std::string path = folder + "/" + entry.name;
    if (entry.is_directory) {
      RESIDENCY_TRY_VOID(collect(env, path, ending, depth + 1, files));
    } else if (entry.name.ends_with(ending)) {
      if (files.size() == kFilesMax) {
        return resource_exhausted("corpus folder: too many files: " + folder);
      }
      files.push_back(path);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> files_below(Env& env, const std::string& folder,
                                             std::string_view ending) {
  std::vector<std::string> files;
  RESIDENCY_TRY_VOID(collect(env, folder, ending, 0, files));
  if (files.empty()) {
    return not_found("corpus folder: no file ends in '" + std::string(ending) + "': " + folder);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string stem(std::string_view path, std::string_view ending) {
  path = path.substr(path.find_last_of('/') + 1);
  if (path.ends_with(ending)) path.remove_suffix(ending.size());
  return std::string(path);
}

}  // namespace residency::eval::corpora
