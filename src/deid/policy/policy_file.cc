#include "deid/policy/policy_file.h"

#include <algorithm>
#include <fmt/format.h>

#include "crypto/random.h"
#include "crypto/sha256.h"
#include "crypto/signature.h"

namespace residency::deid {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kSeedBytes = 32;
constexpr std::size_t kPublicKeyBytes = 32;
constexpr std::size_t kNameBytesMax = 100;
constexpr std::uint64_t kKeyFileBytesMax = 4096;
constexpr std::string_view kAlgorithm = "ed25519";

/// What is signed: the purpose, so that a signature over a policy is one over nothing else, and the
/// bytes of the file.
std::string signed_message(std::string_view yaml) {
  return fmt::format("residency policy file\n{}\n{}", crypto::sha256_hex(yaml), yaml);
}

std::string signature_path(const std::string& path) { return path + ".sig"; }

std::string trimmed(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  text.erase(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), blank) -
                                         text.begin()));
  return text;
}

bool is_public_key(std::string_view text) {
  const auto bytes = crypto::from_hex(text);
  return bytes.ok() && bytes->size() == kPublicKeyBytes;
}

}  // namespace

Result<Policy> parse_policy_file(std::string_view yaml, const std::string& file) {
  if (yaml.size() > kPolicyFileBytesMax)
    return invalid_argument(
        fmt::format("{}: a policy file has at most {} bytes", file, kPolicyFileBytesMax));
  RESIDENCY_TRY(const auto node, ConfigNode::parse(yaml, file));
  ConfigReader reader(node, "");
  if (!reader.has("residency_policy"))
    reader.problem("residency_policy", "is missing: a policy file begins with residency_policy: 1");
  static_cast<void>(reader.integer("residency_policy", kFormat, kFormat, kFormat));
  const std::string name = reader.text_required("name");
  if (name.size() > kNameBytesMax) reader.problem("name", "is longer than 100 bytes");
  if (!reader.has("version")) reader.problem("version", "is missing");
  const std::int64_t version = reader.integer("version", 1, 1, 1'000'000);
  static_cast<void>(reader.text("description", ""));
  Policy policy = Policy::read(reader);
  RESIDENCY_TRY_VOID(reader.finish());
  policy.name = name;
  policy.version = version;
  policy.file_sha256 = crypto::sha256_hex(yaml);
  return policy;
}

Result<std::string> policy_signer(Env& env, const std::string& path, std::string_view yaml) {
  const std::string beside = signature_path(path);
  if (!env.exists(beside)) return std::string();
  RESIDENCY_TRY(const std::string text, env.read_file(beside, kKeyFileBytesMax));
  const auto json = parse_json(text);
  if (!json.ok() || json_text(*json, "algorithm") != kAlgorithm)
    return corrupt("the policy's signature is not readable: " + beside);
  const auto key = crypto::from_hex(json_text(*json, "public_key"));
  const auto signature = crypto::from_hex(json_text(*json, "signature"));
  if (!key.ok() || key->size() != kPublicKeyBytes || !signature.ok() ||
      !crypto::ed25519_verify(*key, signed_message(yaml), *signature))
    return corrupt("the policy's signature does not hold, the file was changed: " + path);
  return crypto::to_hex(*key);
}

Result<Policy> open_policy_file(Env& env, const std::string& path,
                                const std::string& required_key) {
  RESIDENCY_TRY(const std::string yaml, env.read_file(path, kPolicyFileBytesMax));
  RESIDENCY_TRY(const std::string signer, policy_signer(env, path, yaml));
  if (!required_key.empty()) {
    RESIDENCY_TRY(const std::string wanted, read_public_key(env, required_key));
    if (signer.empty()) return permission_denied("the policy must be signed, and is not: " + path);
    if (signer != wanted)
      return permission_denied("the policy is signed with another key than the required: " + path);
  }
  RESIDENCY_TRY(Policy policy, parse_policy_file(yaml, path));
  policy.signed_by = signer;
  return policy;
}

Result<std::string> sign_policy_file(Env& env, const std::string& path,
                                     const crypto::Secret& seed) {
  RESIDENCY_TRY(const std::string yaml, env.read_file(path, kPolicyFileBytesMax));
  auto policy = parse_policy_file(yaml, path);
  if (!policy.ok()) return policy.error();
  return sign_policy_text(env, path, yaml, policy->name, policy->version, seed);
}

Result<std::string> sign_policy_text(Env& env, const std::string& path, std::string_view text,
                                     const std::string& name, std::int64_t version,
                                     const crypto::Secret& seed) {
  RESIDENCY_TRY(const std::string key, crypto::ed25519_public_key(seed));
  RESIDENCY_TRY(const std::string signature, crypto::ed25519_sign(seed, signed_message(text)));
  const Json json{{"algorithm", kAlgorithm},
                  {"name", name},
                  {"policy_sha256", crypto::sha256_hex(text)},
                  {"public_key", crypto::to_hex(key)},
                  {"signature", crypto::to_hex(signature)},
                  {"version", version}};
  RESIDENCY_TRY_VOID(env.write_file_atomic(signature_path(path), dump_json(json) + "\n"));
  return crypto::to_hex(key);
}

Result<std::string> make_policy_key(Env& env, const std::string& path) {
  if (env.exists(path)) return already_exists("there is a file: " + path);
  RESIDENCY_TRY(std::string bytes, crypto::random_bytes(kSeedBytes));
  const crypto::Secret seed(std::move(bytes));
  RESIDENCY_TRY_VOID(env.write_file_atomic(path, crypto::to_hex(seed.reveal()) + "\n"));
  RESIDENCY_TRY(const std::string key, crypto::ed25519_public_key(seed));
  return crypto::to_hex(key);
}

Result<crypto::Secret> read_policy_key(Env& env, const std::string& path) {
  RESIDENCY_TRY(std::string hex, env.read_file(path, kKeyFileBytesMax));
  auto seed = crypto::from_hex(trimmed(std::move(hex)));
  if (!seed.ok() || seed->size() != kSeedBytes)
    return invalid_argument("a signing key is a file of 64 hex digits: " + path);
  return crypto::Secret(std::move(seed).value());
}

Result<std::string> read_public_key(Env& env, const std::string& key_or_path) {
  std::string key = key_or_path;
  if (!is_public_key(key)) {
    RESIDENCY_TRY(std::string text, env.read_file(key_or_path, kKeyFileBytesMax));
    key = trimmed(std::move(text));
  }
  if (!is_public_key(key))
    return invalid_argument("a public key has 64 hex digits, or is a file of them: " + key_or_path);
  return crypto::to_hex(*crypto::from_hex(key));
}

Result<std::string> policy_template(std::string_view preset) {
  RESIDENCY_TRY(const Policy policy, Policy::named(preset));
  std::string text =
      fmt::format(R"(# A policy of de-identification: what becomes of each class of identifier.
# Check it with    residency deid policy show FILE
# Sign it with     residency deid policy sign FILE --key KEY
# Use it in a recipe as
#   deid: {{policy: {{file: FILE, require_signature_by: PUBLIC_KEY}}}}

residency_policy: 1        # the format of this file
name: my-policy
version: 1                 # raise it with every change, then sign again
description: ""

# What every class not named below gets: safe-harbor, limited-data-set, expert-determination.
preset: {}

# true: the crosswalk keeps what was replaced, encrypted under its own key, so that
# `residency deid reverse` can find the way back. false: nobody can.
reversible: false

# The census behind zip3: 2010, or 2000 (the 17 areas of the guidance of 2012).
zip3_census: 2010

# hash_key_file: PATH      # the key of keyed_hash; without one the crosswalk's own is used
# microsoft_config: PATH   # rules for FHIR elements, in the form of Microsoft's FHIR anonymizer

# Columns of tables and paths in JSON rows: a class below, text (the detector reads it), keep, drop.
# Names are parted by dots; * is any one name, ** any number of them. What is not named goes by the
# columns' usual names, else as text (or unmatched_fields: drop).
# fields:
#   chart_no: MRN
#   visit.note: text
#   "**.contact": PHONE
#   internal_flags: drop

# Actions: keep, redact, tag, surrogate, keyed_hash, encrypt;
#   dates:  date_shift, generalize_month, generalize_quarter, generalize_year (= year_only)
#   ages:   age_pool_90, age_band_5, age_band_10      ZIP codes: zip3      cities: generalize_state
# Date shifts, finer dates than the year, hashes and encrypted values leave only
# expert determination to claim.
classes:
)",
                  preset);
  for (std::size_t i = 0; i < kPhiClassCount; ++i)
    text += fmt::format("  {}: {}\n", kPhiClassNames[i], action_name(policy.actions[i]));
  return text;
}

}  // namespace residency::deid
