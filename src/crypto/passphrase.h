// Keys from passphrases: scrypt (RFC 7914).
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "crypto/secret.h"

namespace residency::crypto {

inline constexpr std::size_t kSaltBytes = 16;

/// 32 bytes, at a cost of 32 MiB and about a tenth of a second.
Result<Secret> key_from_passphrase(const std::string& passphrase, const std::string& salt);

}  // namespace residency::crypto
