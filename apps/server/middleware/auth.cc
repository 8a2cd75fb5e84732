#include "server/middleware/auth.h"

#include <algorithm>
#include <cctype>

#include "crypto/sha256.h"

namespace residency::server {
namespace {

constexpr std::uint64_t kFileBytesMax = 1u << 20;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kKeyBytesMin = 16;
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kDigestBytes = 32;
constexpr std::string_view kDigestPrefix = "sha256:";
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

bool is_key(std::string_view key) {
  return key.size() >= kKeyBytesMin && key.size() <= kKeyBytesMax &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  if (host.starts_with("[::1]")) {
    const auto rest = host.substr(5);
    return rest.empty() || rest.front() == ':';
  }
  host = host.substr(0, host.find(':'));
  if (same_word(host, "localhost")) return true;
  // Only digits and dots: "127.0.0.1.example.org" is a name, not an address.
  return host.starts_with("127.") && std::all_of(host.begin(), host.end(), [](char c) {
           return c == '.' || (c >= '0' && c <= '9');
         });
}

Result<ApiKeys> ApiKeys::load(Env& env, const std::string& path) {
  RESIDENCY_TRY(const std::string text, env.read_file(path, kFileBytesMax));
  return parse(text, path);
}

Result<ApiKeys> ApiKeys::parse(std::string_view text, const std::string& name) {
  ApiKeys keys;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::string where = name + ":" + std::to_string(number) + ": ";
    const auto gap = line.find_first_of(" \t");
    if (gap == std::string_view::npos) return invalid_input(where + "write \"name key\"");
    const std::string_view caller = line.substr(0, gap);
    const std::string_view key = trimmed(line.substr(gap));
    if (!is_name(caller)) return invalid_input(where + "a name is 1 to 64 of [A-Za-z0-9._-]");
    Key entry{std::string(caller), {}};
    if (key.starts_with(kDigestPrefix)) {
      auto digest = crypto::from_hex(key.substr(kDigestPrefix.size()));
      if (!digest.ok() || digest->size() != kDigestBytes) {
        return invalid_input(where + "sha256: takes 64 hex digits");
      }
      entry.digest = *std::move(digest);
    } else if (is_key(key)) {
      entry.digest = crypto::sha256(key);
    } else {
      return invalid_input(where + "a key is 16 to 256 printable bytes without spaces");
    }
    keys.keys_.push_back(std::move(entry));
  }
  if (keys.empty()) return invalid_input("no key in the API key file: " + name);
  return keys;
}

Result<std::string> ApiKeys::authorize(const HttpRequest& request) const {
  if (keys_.empty()) {
    std::string_view origin = request.header("origin");
    if (const auto scheme = origin.find("://"); scheme != std::string_view::npos) {
      origin.remove_prefix(scheme + 3);
    }
    const bool strange_page = !origin.empty() && !is_loopback_host(origin);
    if (strange_page || !is_loopback_host(request.header("host"))) {
      return permission_denied(
          "without API keys only this machine may ask: host and origin must be local");
    }
    return std::string("local");
  }
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view value = request.header("authorization");
  if (value.size() <= kBearer.size() || !same_word(value.substr(0, kBearer.size()), kBearer)) {
    return Error(ErrorCode::kUnauthenticated, "send an API key: authorization: Bearer <key>");
  }
  const std::string digest = crypto::sha256(trimmed(value.substr(kBearer.size())));
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (crypto::equal_in_constant_time(key.digest, digest)) found = &key;
  }
  if (found == nullptr) return Error(ErrorCode::kUnauthenticated, "the API key is not known");
  return found->name;
}

}  // namespace residency::server
