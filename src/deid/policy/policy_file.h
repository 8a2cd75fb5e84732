// PolicyFile: a policy as a file of YAML with a name and a version, signed by whoever answers for
// it. The signature (Ed25519) stands beside it in FILE.sig.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "deid/policy/policy.h"

namespace residency::deid {

inline constexpr std::uint64_t kPolicyFileBytesMax = 256u << 10;

/// {residency_policy: 1, name, version, description, preset, classes, reversible, zip3_census,
/// ...}. Strict; all problems at once, as kInvalidArgument naming file and line.
Result<Policy> parse_policy_file(std::string_view yaml, const std::string& file);

/// The policy of `path`. Where PATH.sig exists it must hold: kCorrupt where it does not, or the
/// file was changed since. `required_key` (a public key of 64 hex digits, or a file that has them;
/// "" for none) must have made it: kPermissionDenied where another key did or there is no
/// signature.
Result<Policy> open_policy_file(Env& env, const std::string& path, const std::string& required_key);

/// Who signed `path`: the public key, hex; "" where there is no PATH.sig. kCorrupt as above.
Result<std::string> policy_signer(Env& env, const std::string& path, std::string_view yaml);

/// Checks the policy, signs it and writes PATH.sig; gives the public key, hex.
Result<std::string> sign_policy_file(Env& env, const std::string& path, const crypto::Secret& seed);

/// Signs the `text` of the file `path` and writes PATH.sig; gives the public key, hex.
Result<std::string> sign_policy_text(Env& env, const std::string& path, std::string_view text,
                                     const std::string& name, std::int64_t version,
                                     const crypto::Secret& seed);

/// A new private key (a seed of 64 hex digits) in `path`; gives the public key, hex.
/// kAlreadyExists where the file is there.
Result<std::string> make_policy_key(Env& env, const std::string& path);
Result<crypto::Secret> read_policy_key(Env& env, const std::string& path);

/// 64 hex digits as they are, or read from the file of that name.
Result<std::string> read_public_key(Env& env, const std::string& key_or_path);

/// A policy file with every key and a comment for each, `preset` chosen.
Result<std::string> policy_template(std::string_view preset);

}  // namespace residency::deid
