// Ed25519 signatures (RFC 8032).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace residency::crypto {

/// The public key, 32 bytes, of a 32-byte private seed.
Result<std::string> ed25519_public_key(const Secret& seed);
/// 64 bytes.
Result<std::string> ed25519_sign(const Secret& seed, std::string_view message);
bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature);

}  // namespace residency::crypto
