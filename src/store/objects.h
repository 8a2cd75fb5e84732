// Objects: the encrypted files behind artifacts' blobs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/line_io.h"
#include "base/result.h"
#include "crypto/key_ring.h"
#include "store/workspace.h"

namespace residency::store {

/// File names are keyed codes of the plaintext's digest: whoever sees the folder cannot tell
/// whether a document they know is in it.
class Objects {
 public:
  Objects(Env& env, std::string root, const crypto::KeyRing& ring, std::string name_key)
      : env_(env), root_(std::move(root)), ring_(ring), name_key_(std::move(name_key)) {}

  std::string path_of(std::string_view kind, const Blob& blob) const;
  Result<std::unique_ptr<RandomAccessFile>> open(std::string_view kind, const Blob& blob) const;
  /// The plaintext's lines, hashed as they go; the end checks the digest.
  Result<std::unique_ptr<LineSource>> lines(std::string_view kind, const Blob& blob) const;
  Result<std::string> read(std::string_view kind, const Blob& blob) const;

  Env& env() const { return env_; }
  const std::string& root() const { return root_; }
  const crypto::KeyRing& ring() const { return ring_; }

 private:
  Env& env_;
  std::string root_;
  const crypto::KeyRing& ring_;
  std::string name_key_;
};

/// What envelopes of blobs are bound to; which blob it is, its digest tells.
inline constexpr std::string_view kBlobLabel = "residency blob";

}  // namespace residency::store
