#include "synth/output_tree.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <utility>

namespace residency::synth {
namespace {

constexpr std::size_t kBufferBytes = 1u << 18;
constexpr std::string_view kBegunName = ".synth-begun";

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Context new_context() {
  Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  RESIDENCY_CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  return context;
}

std::string finish(EVP_MD_CTX* context) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  RESIDENCY_CHECK(EVP_DigestFinal_ex(context, digest, &length) == 1);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

struct OutputTree::Hash {
  Context context = new_context();
};

std::string sha256_hex(std::string_view bytes) {
  const Context context = new_context();
  RESIDENCY_CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  return finish(context.get());
}

OutputTree::OutputTree(Env& env, std::string out_dir)
    : env_(env),
      out_dir_(std::move(out_dir)),
      part_dir_(out_dir_ + ".part"),
      hash_(std::make_unique<Hash>()) {}

OutputTree::~OutputTree() = default;

Result<std::unique_ptr<OutputTree>> OutputTree::begin(Env& env, const std::string& out_dir) {
  std::unique_ptr<OutputTree> tree(new OutputTree(env, out_dir));  // private constructor
  const std::string begun = tree->part_dir_ + "/" + std::string(kBegunName);
  if (env.exists(tree->part_dir_)) {
    RESIDENCY_TRY(const auto entries, env.list(tree->part_dir_));
    // A finished tree has lost its mark of being begun, and waits only for its new name.
    if (!entries.empty() && !env.exists(begun) && !env.exists(tree->part_dir_ + "/synth.json")) {
      return already_exists("folder is in the way and was not made by synth: " + tree->part_dir_);
    }
  }
  RESIDENCY_TRY_VOID(env.make_directories(tree->part_dir_));
  RESIDENCY_TRY(tree->lock_, env.lock(begun));
  RESIDENCY_TRY(const auto entries, env.list(tree->part_dir_));
  for (const DirEntry& entry : entries) {
    if (entry.name != kBegunName) {
      RESIDENCY_TRY_VOID(env.remove(tree->part_dir_ + "/" + entry.name));
    }
  }
  return tree;
}

void OutputTree::take(std::string_view path, std::string_view bytes) {
  const std::string head = fmt::format("{}\n{}\n", path, bytes.size());
  RESIDENCY_CHECK(EVP_DigestUpdate(hash_->context.get(), head.data(), head.size()) == 1);
  RESIDENCY_CHECK(EVP_DigestUpdate(hash_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string OutputTree::content_sha256() const {
  const Context copy = new_context();
  RESIDENCY_CHECK(EVP_MD_CTX_copy_ex(copy.get(), hash_->context.get()) == 1);
  return finish(copy.get());
}

Result<void> OutputTree::folder(const std::string& path) {
  return env_.make_directories(part_dir_ + "/" + path);
}

Result<void> OutputTree::flush(Growing& growing) {
  RESIDENCY_TRY_VOID(growing.file->append(growing.buffer));
  growing.buffer.clear();
  return {};
}

Result<void> OutputTree::append(const std::string& path, std::string_view bytes) {
  take(path, bytes);
  auto found = growing_.find(path);
  if (found == growing_.end()) {
    RESIDENCY_TRY(auto opened, env_.create(part_dir_ + "/" + path));
    found = growing_.emplace(path, Growing{std::move(opened), ""}).first;
  }
  found->second.buffer += bytes;
  return found->second.buffer.size() < kBufferBytes ? Result<void>() : flush(found->second);
}

Result<void> OutputTree::file(const std::string& path, std::string_view bytes) {
  take(path, bytes);
  RESIDENCY_TRY(auto opened, env_.create(part_dir_ + "/" + path));
  RESIDENCY_TRY_VOID(opened->append(bytes));
  return opened->close();
}

Result<void> OutputTree::commit(std::string_view marker) {
  for (auto& [path, growing] : growing_) {
    RESIDENCY_TRY_VOID(flush(growing));
    RESIDENCY_TRY_VOID(growing.file->sync());
    RESIDENCY_TRY_VOID(growing.file->close());
  }
  RESIDENCY_TRY_VOID(env_.write_file_atomic(part_dir_ + "/synth.json", marker));
  RESIDENCY_TRY_VOID(env_.remove(part_dir_ + "/" + std::string(kBegunName)));
  lock_.reset();
  RESIDENCY_TRY_VOID(env_.rename(part_dir_, out_dir_));
  const auto slash = out_dir_.find_last_of('/');
  return env_.sync_directory(slash == std::string::npos ? "." : out_dir_.substr(0, slash + 1));
}

}  // namespace residency::synth
