#include "audit/merkle.h"

#include <bit>

#include "crypto/sha256.h"

namespace residency::audit {
namespace {

std::string node(const std::string& left, const std::string& right) {
  return crypto::sha256(std::string(1, '\x01') + left + right);
}

}  // namespace

void MerkleFrontier::add(std::string_view leaf) {
  std::string hash = crypto::sha256(std::string(1, '\0') + std::string(leaf));
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    hash = node(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(std::move(hash));
  size_ += 1;
}

std::string MerkleFrontier::root() const {
  if (hashes_.empty()) return crypto::sha256("");
  std::string root = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) root = node(hashes_[i], root);
  return root;
}

bool MerkleFrontier::consistent() const {
  return hashes_.size() == static_cast<std::size_t>(std::popcount(size_));
}

}  // namespace residency::audit
