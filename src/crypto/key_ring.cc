#include "crypto/key_ring.h"

#include <fmt/format.h>
#include <limits>

#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace residency::crypto {
namespace {

constexpr std::string_view kRingFile = "/ring.json";
constexpr std::string_view kMasterFile = "/master.key";
constexpr std::size_t kIdBytes = 4;

Result<Secret> random_key() {
  RESIDENCY_TRY(std::string bytes, random_bytes(kKeyBytes));
  return Secret(std::move(bytes));
}

/// nonce, ciphertext, tag
Result<std::string> seal_key(const Secret& by, const Secret& key, std::string_view label) {
  RESIDENCY_TRY(const std::string nonce, random_bytes(kNonceBytes));
  RESIDENCY_TRY(const std::string sealed, aead_seal(by, nonce, key.reveal(), label));
  return nonce + sealed;
}

Result<Secret> open_key(const Secret& by, std::string_view sealed, std::string_view label) {
  if (sealed.size() != kNonceBytes + kKeyBytes + kTagBytes)
    return corrupt("wrapped key has another size");
  RESIDENCY_TRY(std::string key,
                aead_open(by, sealed.substr(0, kNonceBytes), sealed.substr(kNonceBytes), label));
  return Secret(std::move(key));
}

std::string kek_label(std::uint32_t id) { return fmt::format("residency kek {}", id); }

std::string encode_id(std::uint32_t id) {
  std::string bytes(kIdBytes, '\0');
  for (std::size_t i = 0; i < kIdBytes; ++i)
    bytes[i] = static_cast<char>(id >> (8 * (kIdBytes - 1 - i)));
  return bytes;
}

std::uint32_t decode_id(std::string_view bytes) {
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < kIdBytes; ++i) id = id << 8 | static_cast<unsigned char>(bytes[i]);
  return id;
}

}  // namespace

std::size_t KeyRing::wrapped_bytes() { return kIdBytes + kNonceBytes + kKeyBytes + kTagBytes; }

Result<void> KeyRing::create(Env& env, const std::string& directory,
                             const std::optional<std::string>& passphrase) {
  if (env.exists(directory + std::string(kRingFile))) {
    return already_exists("there is a key ring: " + directory);
  }
  RESIDENCY_TRY_VOID(env.make_directories(directory));
  KeyRing ring(env, directory);
  ring.uses_passphrase_ = passphrase.has_value();
  if (passphrase) {
    RESIDENCY_TRY(ring.salt_, random_bytes(kSaltBytes));
    RESIDENCY_TRY(ring.master_, key_from_passphrase(*passphrase, ring.salt_));
  } else {
    RESIDENCY_TRY(ring.master_, random_key());
    RESIDENCY_TRY_VOID(env.write_file_atomic(directory + std::string(kMasterFile),
                                             to_hex(ring.master_.reveal()) + "\n"));
  }
  RESIDENCY_TRY(ring.root_, random_key());
  return ring.rotate();
}

Result<std::unique_ptr<KeyRing>> KeyRing::open(Env& env, const std::string& directory,
                                               const std::optional<std::string>& passphrase) {
  std::unique_ptr<KeyRing> ring(new KeyRing(env, directory));  // NOLINT: private constructor
  RESIDENCY_TRY_VOID(ring->load(passphrase));
  return ring;
}

Result<void> KeyRing::load(const std::optional<std::string>& passphrase) {
  const std::string path = directory_ + std::string(kRingFile);
  RESIDENCY_TRY(const std::string text, env_.read_file(path, 1u << 20));
  auto parsed = parse_json(text);
  if (!parsed.ok()) return corrupt("key ring is not readable: " + path);
  uses_passphrase_ = json_text(*parsed, "provider") == "passphrase";
  if (uses_passphrase_) {
    if (!passphrase)
      return Error(ErrorCode::kUnauthenticated,
                   "the key ring wants a passphrase: set RESIDENCY_PASSPHRASE");
    RESIDENCY_TRY(salt_, from_hex(json_text(*parsed, "salt")));
    RESIDENCY_TRY(master_, key_from_passphrase(*passphrase, salt_));
  } else {
    const std::string file = directory_ + std::string(kMasterFile);
    RESIDENCY_TRY(std::string hex, env_.read_file(file, 4096));
    while (!hex.empty() && hex.back() == '\n') hex.pop_back();
    auto key = from_hex(hex);
    if (!key.ok() || key->size() != kKeyBytes)
      return corrupt("master key is not 64 hex digits: " + file);
    master_ = Secret(*std::move(key));
  }
  RESIDENCY_TRY(const std::string sealed_root, from_hex(json_text(*parsed, "root")));
  auto root = open_key(master_, sealed_root, "residency root");
  if (!root.ok()) {
    if (uses_passphrase_)
      return Error(ErrorCode::kUnauthenticated, "the passphrase does not open the key ring");
    return corrupt("the master key does not open the key ring: " + path);
  }
  root_ = *std::move(root);
  for (const Json& entry : json_member(*parsed, "keys")) {
    const std::int64_t id = json_integer(entry, "id");
    if (id < 1 || id > std::numeric_limits<std::uint32_t>::max())
      return corrupt("key ring holds a bad key id: " + path);
    RESIDENCY_TRY(const std::string sealed, from_hex(json_text(entry, "wrapped")));
    RESIDENCY_TRY(keys_[static_cast<std::uint32_t>(id)],
                  open_key(master_, sealed, kek_label(static_cast<std::uint32_t>(id))));
  }
  active_ = static_cast<std::uint32_t>(json_integer(*parsed, "active"));
  if (keys_.count(active_) == 0)
    return corrupt("key ring names an active key it does not hold: " + path);
  return {};
}

Result<void> KeyRing::save() const {
  Json keys = Json::array();
  for (const auto& [id, key] : keys_) {
    RESIDENCY_TRY(const std::string sealed, seal_key(master_, key, kek_label(id)));
    keys.push_back({{"id", id}, {"wrapped", to_hex(sealed)}});
  }
  RESIDENCY_TRY(const std::string root, seal_key(master_, root_, "residency root"));
  const Json ring{{"version", 1},          {"provider", uses_passphrase_ ? "passphrase" : "file"},
                  {"salt", to_hex(salt_)}, {"root", to_hex(root)},
                  {"active", active_},     {"keys", keys}};
  return env_.write_file_atomic(directory_ + std::string(kRingFile), dump_json(ring) + "\n");
}

Result<void> KeyRing::rotate() {
  const std::uint32_t next = keys_.empty() ? 1 : keys_.rbegin()->first + 1;
  RESIDENCY_TRY(keys_[next], random_key());
  const std::uint32_t before = active_;
  active_ = next;
  auto saved = save();
  if (!saved.ok()) {
    keys_.erase(next);
    active_ = before;
  }
  return saved;
}

Result<std::string> KeyRing::wrap(const Secret& key, std::string_view label) const {
  RESIDENCY_TRY(const std::string sealed, seal_key(keys_.at(active_), key, label));
  return encode_id(active_) + sealed;
}

Result<Secret> KeyRing::unwrap(std::string_view wrapped, std::string_view label) const {
  if (wrapped.size() != wrapped_bytes()) return corrupt("wrapped key has another size");
  const auto key = keys_.find(decode_id(wrapped));
  if (key == keys_.end())
    return corrupt("the key ring does not hold the key an object was written under");
  return open_key(key->second, wrapped.substr(kIdBytes), label);
}

Result<std::string> KeyRing::purpose_secret(std::string_view purpose) const {
  return hkdf_sha256(root_.reveal(), fmt::format("residency purpose {}", purpose), kKeyBytes);
}

}  // namespace residency::crypto
