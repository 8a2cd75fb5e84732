// Where things lie in a workspace's folder.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace residency::store {

inline constexpr std::string_view kDatabaseFile = "/workspace.db";
inline constexpr std::string_view kKeysFolder = "/keys";
inline constexpr std::string_view kAsideFolder = "/aside";  // what is being written
inline constexpr std::string_view kStateFolder = "/state";
inline constexpr std::string_view kWriterLock = "/writer.lock";

/// The folders of encrypted objects, in the order of the flow.
inline constexpr std::array<std::string_view, 7> kObjectFolders{
    "/vault", "/clean", "/datasets", "/runs", "/models", "/reports", "/deployments"};

/// The folder of an artifact's kind.
constexpr std::string_view folder_of(std::string_view kind) {
  if (kind == "corpus.clean") return "/clean";
  if (kind == "dataset") return "/datasets";
  if (kind == "adapter" || kind == "model" || kind == "base") return "/models";
  if (kind == "scores" || kind == "report") return "/reports";
  if (kind == "deployment") return "/deployments";
  return "/vault";  // sources, raw corpora, quarantine and whatever is not known
}

}  // namespace residency::store
