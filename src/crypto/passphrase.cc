#include "crypto/passphrase.h"

#include <openssl/evp.h>

#include "crypto/aead.h"

namespace residency::crypto {
namespace {

// scrypt's cost: N, r, p and the memory they need (128 * N * r bytes, and a little more).
constexpr std::uint64_t kScryptN = 1u << 15;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr std::uint64_t kScryptMemoryBytes = 64u << 20;

}  // namespace

Result<Secret> key_from_passphrase(const std::string& passphrase, const std::string& salt) {
  std::string key(kKeyBytes, '\0');
  const int done = EVP_PBE_scrypt(passphrase.data(), passphrase.size(),
                                  reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                                  kScryptN, kScryptR, kScryptP, kScryptMemoryBytes,
                                  reinterpret_cast<unsigned char*>(key.data()), key.size());
  if (done != 1) return internal_error("scrypt failed");
  return Secret(std::move(key));
}

}  // namespace residency::crypto
