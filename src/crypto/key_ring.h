// KeyRing: the key-encryption keys of a workspace. They wrap a data key per object and are
// themselves wrapped by a master key, which stands in a file beside the ring or comes from a
// passphrase (scrypt, RFC 7914).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace residency::crypto {

/// Reading is thread-safe; rotate() is for one writer.
class KeyRing {
 public:
  /// Makes `directory`/ring.json, and `directory`/master.key where there is no passphrase.
  /// kAlreadyExists where there is a ring.
  static Result<void> create(Env& env, const std::string& directory,
                             const std::optional<std::string>& passphrase);
  /// kUnauthenticated where the ring wants a passphrase and none, or another, is given.
  static Result<std::unique_ptr<KeyRing>> open(Env& env, const std::string& directory,
                                               const std::optional<std::string>& passphrase);

  /// The key, sealed under the newest key-encryption key and bound to `label`.
  Result<std::string> wrap(const Secret& key, std::string_view label) const;
  Result<Secret> unwrap(std::string_view wrapped, std::string_view label) const;
  /// Bytes of what wrap() gives for a 32-byte key.
  static std::size_t wrapped_bytes();

  /// 32 bytes for a purpose, derived (HKDF) from a secret that rotation leaves alone.
  Result<std::string> purpose_secret(std::string_view purpose) const;

  /// Adds a key-encryption key that everything written from now on uses. Older ones stay, for what
  /// was written under them.
  Result<void> rotate();

  std::uint32_t active() const { return active_; }
  std::size_t count() const { return keys_.size(); }
  bool uses_passphrase() const { return uses_passphrase_; }

 private:
  KeyRing(Env& env, std::string directory) : env_(env), directory_(std::move(directory)) {}
  Result<void> save() const;
  Result<void> load(const std::optional<std::string>& passphrase);

  Env& env_;
  std::string directory_;
  bool uses_passphrase_ = false;
  std::string salt_;  // scrypt's; empty without a passphrase
  Secret master_;
  Secret root_;  // behind purpose_secret()
  std::map<std::uint32_t, Secret> keys_;
  std::uint32_t active_ = 0;
};

}  // namespace residency::crypto
