// AES-256-GCM (NIST SP 800-38D), one message at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace residency::crypto {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

/// Ciphertext followed by the tag. `key` is 32 bytes, `nonce` 12 and never used twice with a key.
Result<std::string> aead_seal(const Secret& key, std::string_view nonce, std::string_view plain,
                              std::string_view associated);

/// kCorrupt where key, nonce, ciphertext or associated data are not those it was sealed with.
Result<std::string> aead_open(const Secret& key, std::string_view nonce, std::string_view sealed,
                              std::string_view associated);

}  // namespace residency::crypto
