// SHA-256 for naming files and records (OpenSSL's; ingest may not use crypto's keys, nor needs to).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace residency::ingest {

/// A digest taken piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// 64 hex digits; nothing may be added after.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 64 hex digits of the digest of `bytes`.
std::string sha256_hex(std::string_view bytes);

}  // namespace residency::ingest
