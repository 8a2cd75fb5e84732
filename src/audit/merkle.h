// The Merkle tree hash of RFC 6962, section 2.1, grown leaf by leaf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::audit {

/// Keeps one hash per set bit of the size: adding a leaf and taking the root are O(log n).
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  /// `hashes` as hashes() gave them for `size` leaves, largest subtree first.
  MerkleFrontier(std::uint64_t size, std::vector<std::string> hashes)
      : size_(size), hashes_(std::move(hashes)) {}

  void add(std::string_view leaf);
  std::uint64_t size() const { return size_; }
  /// 32 bytes; SHA-256 of nothing for the empty tree.
  std::string root() const;
  const std::vector<std::string>& hashes() const { return hashes_; }
  /// Whether the number of hashes fits the size.
  bool consistent() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<std::string> hashes_;
};

}  // namespace residency::audit
