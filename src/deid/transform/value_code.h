// Codes that stand for a value: keyed hashes, and encrypted values that whoever has the key can
// read again.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::deid {

/// "enc1." and base64url of nonce, ciphertext and tag of AES-256-GCM under `key` (32 bytes), bound
/// to `label`. The nonce is HMAC-SHA-256 of label and value under a key derived from `key` (a
/// synthetic one, as in RFC 5297): equal values give equal codes, others never share a nonce but
/// with probability 2^-96 a pair.
Result<std::string> seal_value(std::string_view key, std::string_view label,
                               std::string_view value);

/// The value. kInvalidInput where `code` is none, kCorrupt where it was changed or the key or the
/// label is another: never the code itself.
Result<std::string> open_value(std::string_view key, std::string_view label, std::string_view code);

/// What the values of records are bound to.
inline constexpr std::string_view kValueLabel = "residency value";

inline constexpr std::string_view kSealedPrefix = "enc1.";

/// How many bytes of `text`, from its beginning, are one sealed code; 0 where it begins with none.
std::size_t sealed_length(std::string_view text);

}  // namespace residency::deid
