// The files of a corpus' folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace residency::eval::corpora {

/// No folder may hold more files, below it or in folders 8 deep.
inline constexpr std::size_t kFilesMax = 500'000;

/// Paths of all files below `folder` whose name ends in `ending`, sorted; hidden names are passed
/// over. kNotFound where there is none.
Result<std::vector<std::string>> files_below(Env& env, const std::string& folder,
                                             std::string_view ending);

/// A file's name without folder and without `ending`.
std::string stem(std::string_view path, std::string_view ending);

}  // namespace residency::eval::corpora
