#include "audit/checkpoint.h"

#include "base/json.h"
#include "crypto/sha256.h"
#include "crypto/signature.h"

namespace residency::audit {

Checkpoint Checkpoint::empty() { return {0, crypto::sha256_hex(""), MerkleFrontier()}; }

Result<std::string> encode(const Checkpoint& checkpoint, const crypto::Secret& seed) {
  Json frontier = Json::array();
  for (const std::string& hash : checkpoint.tree.hashes()) frontier.push_back(crypto::to_hex(hash));
  RESIDENCY_TRY(const std::string public_key, crypto::ed25519_public_key(seed));
  Json signed_part{{"v", 1},
                   {"size", checkpoint.tree.size()},
                   {"bytes", checkpoint.bytes},
                   {"root", crypto::to_hex(checkpoint.tree.root())},
                   {"head", checkpoint.head},
                   {"frontier", std::move(frontier)},
                   {"public_key", crypto::to_hex(public_key)}};
  RESIDENCY_TRY(const std::string signature, crypto::ed25519_sign(seed, dump_json(signed_part)));
  signed_part["signature"] = crypto::to_hex(signature);
  return dump_json(signed_part) + "\n";
}

Result<Checkpoint> decode(const std::string& text, const crypto::Secret& seed) {
  RESIDENCY_TRY(Json parsed, parse_json(text));
  if (!parsed.is_object() || dump_json(parsed) + "\n" != text)
    return corrupt("audit checkpoint is not canonical");
  RESIDENCY_TRY(const std::string signature, crypto::from_hex(json_text(parsed, "signature")));
  parsed.erase("signature");
  RESIDENCY_TRY(const std::string public_key, crypto::ed25519_public_key(seed));
  const bool holds = json_text(parsed, "public_key") == crypto::to_hex(public_key) &&
                     crypto::ed25519_verify(public_key, dump_json(parsed), signature);
  if (!holds) return corrupt("audit checkpoint is not signed by this workspace's key");
  std::vector<std::string> hashes;
  for (const Json& hash : json_member(parsed, "frontier")) {
    RESIDENCY_TRY(std::string bytes,
                  crypto::from_hex(hash.is_string() ? hash.get<std::string>() : "x"));
    hashes.push_back(std::move(bytes));
  }
  Checkpoint checkpoint{
      static_cast<std::uint64_t>(json_integer(parsed, "bytes")), json_text(parsed, "head"),
      MerkleFrontier(static_cast<std::uint64_t>(json_integer(parsed, "size")), std::move(hashes))};
  if (!checkpoint.tree.consistent())
    return corrupt("audit checkpoint holds another number of hashes");
  return checkpoint;
}

}  // namespace residency::audit
