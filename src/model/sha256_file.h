// SHA-256 of a file of any size.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

/// The digest in 64 lower-case hex digits, read a mebibyte at a time.
Result<std::string> sha256_file(Env& env, const std::string& path);

/// Whether `text` is 64 lower-case hex digits.
bool is_sha256(std::string_view text);

}  // namespace residency::model
