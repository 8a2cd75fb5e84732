#include "deploy/base_check.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace residency::deploy {

Result<std::string> sha256_of_file(Env& env, const std::string& path) {
  constexpr std::uint64_t kPieceBytes = 4u << 20;
  RESIDENCY_TRY(const auto file, env.open_read(path));
  crypto::Sha256 digest;
  const std::uint64_t size = file->size();
  for (std::uint64_t offset = 0; offset < size; offset += kPieceBytes) {
    const auto length = static_cast<std::size_t>(std::min(kPieceBytes, size - offset));
    RESIDENCY_TRY(const std::string piece, file->read_at(offset, length));
    digest.update(piece);
  }
  return digest.finish_hex();
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
