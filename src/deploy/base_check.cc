#include "deploy/base_check.h"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/evp.h>

namespace residency::deploy {
namespace {

constexpr std::uint64_t kPieceBytes = 4u << 20;

}  // namespace

Result<std::string> sha256_of_file(Env& env, const std::string& path) {
  RESIDENCY_TRY(const auto file, env.open_read(path));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return internal_error("SHA-256 is not available");
  }
  const std::uint64_t size = file->size();
  for (std::uint64_t offset = 0; offset < size; offset += kPieceBytes) {
    const auto length = static_cast<std::size_t>(std::min(kPieceBytes, size - offset));
    RESIDENCY_TRY(const std::string piece, file->read_at(offset, length));
    if (EVP_DigestUpdate(context.get(), piece.data(), piece.size()) != 1) {
      return internal_error("SHA-256 failed");
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) {
    return internal_error("SHA-256 failed");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    hex.push_back(kHex[digest[i] >> 4]);
    hex.push_back(kHex[digest[i] & 15]);
  }
  return hex;
}

Result<void> verify_base(Env& env, const BaseModel& base) {
  RESIDENCY_TRY(const std::string found, sha256_of_file(env, base.path));
  if (found != base.sha256) {
    return corrupt("base model's digest differs: " + base.path + ": expected " + base.sha256 +
                   ", found " + found);
  }
  return {};
}

}  // namespace residency::deploy
