#include "pipeline/stages/file_digest.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <vector>

#include "crypto/sha256.h"

namespace residency::pipeline {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;

}  // namespace

Result<std::string> file_sha256(Env& env, const std::string& path) {
  RESIDENCY_TRY(const auto file, env.open_read(path));
  crypto::Sha256 hash;
  for (std::uint64_t at = 0; at < file->size(); at += kPieceBytes) {
    const auto length = std::min<std::uint64_t>(kPieceBytes, file->size() - at);
    RESIDENCY_TRY(const std::string piece, file->read_at(at, length));
    hash.update(piece);
  }
  return hash.finish_hex();
}

Result<std::string> tree_sha256(Env& env, const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (!fs::exists(path, code)) return not_found("no such file or folder: " + path);
  if (!fs::is_directory(path, code)) return file_sha256(env, path);
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(path, code), end; !code && it != end;
       it.increment(code)) {
    if (it->is_regular_file(code) && !it->is_symlink(code)) files.push_back(it->path().string());
  }
  if (code) return io_error(fmt::format("cannot list folder: {}: {}", code.message(), path));
  std::sort(files.begin(), files.end());
  crypto::Sha256 hash;
  for (const std::string& file : files) {
    RESIDENCY_TRY(const std::string digest, file_sha256(env, file));
    hash.update(fs::path(file).lexically_relative(path).string() + "\n" + digest + "\n");
  }
  return hash.finish_hex();
}

}  // namespace residency::pipeline
