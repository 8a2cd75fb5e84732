#include "server/aws/access_keys.h"

#include <algorithm>

#include "crypto/random.h"

namespace residency::server {
namespace {

constexpr std::size_t kIdCharacters = 17;
constexpr std::size_t kSecretCharacters = 40;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::string_view kIdLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Letters drawn evenly: their number divides 256.
Result<std::string> drawn(std::string_view letters, std::size_t count) {
  RESIDENCY_TRY(const std::string bytes, crypto::random_bytes(count));
  std::string out;
  for (const char byte : bytes) out += letters[static_cast<unsigned char>(byte) % letters.size()];
  return out;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

Result<AccessKeys> AccessKeys::from_json(const Json& json) {
  AccessKeys keys;
  if (!json.is_array()) return Error(ErrorCode::kCorrupt, "the access keys are no list");
  for (const Json& entry : json) {
    AccessKey key{json_text(entry, "id"), json_text(entry, "secret"), json_text(entry, "name"),
                  json_text(entry, "created_at")};
    if (key.id.empty() || key.secret.empty())
      return Error(ErrorCode::kCorrupt, "an access key without id or secret");
    keys.keys_.emplace(key.id, std::move(key));
  }
  return keys;
}

Json AccessKeys::to_json() const {
  Json list = Json::array();
  for (const auto& [id, key] : keys_) {
    list.push_back(
        {{"id", id}, {"secret", key.secret}, {"name", key.name}, {"created_at", key.created_at}});
  }
  return list;
}

Result<AccessKey> AccessKeys::create(const std::string& name, const std::string& created_at) {
  if (!is_name(name)) return invalid_argument("a key's name is 1 to 64 of [A-Za-z0-9._-]");
  AccessKey key;
  RESIDENCY_TRY(const std::string id, drawn(kIdLetters, kIdCharacters));
  RESIDENCY_TRY(key.secret, drawn(kSecretLetters, kSecretCharacters));
  key.id = "RSD" + id;
  key.name = name;
  key.created_at = created_at;
  keys_.emplace(key.id, key);
  return key;
}

Result<void> AccessKeys::revoke(const std::string& id) {
  if (keys_.erase(id) == 0) return not_found("no such access key: " + id.substr(0, 32));
  return {};
}

const AccessKey* AccessKeys::find(std::string_view id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

std::vector<AccessKey> AccessKeys::list() const {
  std::vector<AccessKey> all;
  for (const auto& [id, key] : keys_) all.push_back(key);
  return all;
}

}  // namespace residency::server
