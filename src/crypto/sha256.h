// SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and HKDF (RFC 5869).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::crypto {

/// Streaming SHA-256.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  /// 32 bytes; the object is then as new.
  std::string finish();
  /// 64 lower-case hex digits; the object is then as new.
  std::string finish_hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256(std::string_view bytes);                             // 32 bytes
std::string sha256_hex(std::string_view bytes);                         // 64 hex digits
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 bytes
Result<std::string> hkdf_sha256(std::string_view secret, std::string_view info, std::size_t length);

std::string to_hex(std::string_view bytes);
/// kInvalidInput where `hex` is not an even number of hex digits.
Result<std::string> from_hex(std::string_view hex);

/// Compares in time that does not depend on where the difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace residency::crypto
