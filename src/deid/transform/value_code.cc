#include "deid/transform/value_code.h"

#include <fmt/format.h>

#include "crypto/aead.h"
#include "crypto/sha256.h"

namespace residency::deid {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648, section 5
constexpr std::string_view kCipherPurpose = "residency value cipher";
constexpr std::string_view kNoncePurpose = "residency value nonce";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += kAlphabet[buffer >> bits & 63];
    }
  }
  if (bits > 0) out += kAlphabet[buffer << (6 - bits) & 63];
  return out;
}

Result<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t at = kAlphabet.find(c);
    if (at == std::string_view::npos) return invalid_input("no code of an encrypted value");
    buffer = buffer << 6 | static_cast<std::uint32_t>(at);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(buffer >> bits & 0xFF);
    }
  }
  return out;
}

crypto::Secret cipher_key(std::string_view key) {
  return crypto::Secret(crypto::hmac_sha256(key, kCipherPurpose));
}

}  // namespace

Result<std::string> seal_value(std::string_view key, std::string_view label,
                               std::string_view value) {
  const std::string nonce_key = crypto::hmac_sha256(key, kNoncePurpose);
  const std::string nonce =
      crypto::hmac_sha256(nonce_key, fmt::format("{}:{}{}", label.size(), label, value))
          .substr(0, crypto::kNonceBytes);
  RESIDENCY_TRY(const std::string sealed, crypto::aead_seal(cipher_key(key), nonce, value, label));
  return std::string(kSealedPrefix) + to_base64url(nonce + sealed);
}

Result<std::string> open_value(std::string_view key, std::string_view label,
                               std::string_view code) {
  if (!code.starts_with(kSealedPrefix)) return invalid_input("no code of an encrypted value");
  RESIDENCY_TRY(const std::string bytes, from_base64url(code.substr(kSealedPrefix.size())));
  if (bytes.size() < crypto::kNonceBytes + crypto::kTagBytes)
    return corrupt("the code of an encrypted value is cut short");
  return crypto::aead_open(cipher_key(key), bytes.substr(0, crypto::kNonceBytes),
                           bytes.substr(crypto::kNonceBytes), label);
}

std::size_t sealed_length(std::string_view text) {
  if (!text.starts_with(kSealedPrefix)) return 0;
  std::size_t end = kSealedPrefix.size();
  while (end < text.size() && kAlphabet.find(text[end]) != std::string_view::npos) ++end;
  return end;
}

}  // namespace residency::deid
