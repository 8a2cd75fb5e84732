// Secret: key bytes that are wiped when they go and cannot be printed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace residency::crypto {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::move(other.bytes_);
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  Secret copy() const { return Secret(bytes_); }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  /// The bytes themselves, for the functions of this room.
  std::string_view reveal() const { return bytes_; }

 private:
  void wipe();
  std::string bytes_;
};

}  // namespace residency::crypto
