// Downloads over HTTP(S), to a file, checked by digest.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace residency::cli {

/// Fetches `url` to `path` (written aside, then renamed); redirects are followed, TLS is verified,
/// only http and https are spoken. `done(bytes, total)` is told how far it is, and false stops it.
/// kIoError, naming host and reason, where nothing comes.
Result<void> download(const std::string& url, const std::string& path,
                      const std::function<bool(std::uint64_t, std::uint64_t)>& done);

}  // namespace residency::cli
