#include "model/sha256_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>

namespace residency::model {
namespace {

struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<std::string> sha256_file(Env& env, const std::string& path) {
  RESIDENCY_TRY(const auto file, env.open_read(path));
  const std::unique_ptr<EVP_MD_CTX, DigestDeleter> context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return internal_error("OpenSSL cannot start a SHA-256");
  }
  constexpr std::uint64_t kPieceBytes = 1u << 20;
  for (std::uint64_t at = 0; at < file->size(); at += kPieceBytes) {
    const auto length = std::min(kPieceBytes, file->size() - at);
    RESIDENCY_TRY(const auto piece, file->read_at(at, static_cast<std::size_t>(length)));
    if (EVP_DigestUpdate(context.get(), piece.data(), piece.size()) != 1) {
      return internal_error("OpenSSL cannot continue a SHA-256");
    }
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest, &length) != 1) {
    return internal_error("OpenSSL cannot end a SHA-256");
  }
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace residency::model
