// Checkpoint: the signed state of the log after its newest event. Inside audit only.
#pragma once

#include <cstdint>
#include <string>

#include "audit/merkle.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace residency::audit {

struct Checkpoint {
  std::uint64_t bytes = 0;  // of the log file
  std::string head;         // SHA-256, hex, of the newest line
  MerkleFrontier tree;

  static Checkpoint empty();
};

/// JSON with an Ed25519 signature over the rest and the public key.
Result<std::string> encode(const Checkpoint& checkpoint, const crypto::Secret& seed);
/// kCorrupt where it is not signed by `seed`'s key.
Result<Checkpoint> decode(const std::string& text, const crypto::Secret& seed);

}  // namespace residency::audit
