// ApiKeys: who may ask.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "server/http_message.h"

namespace residency::server {

/// Keys are kept as SHA-256 digests only and compared in constant time.
class ApiKeys {
 public:
  /// No keys: only callers on this machine, and no web page, may ask.
  ApiKeys() = default;
  /// Lines "name key" or "name sha256:<64 hex digits>"; '#' begins a comment line. Names are 1 to
  /// 64 of [A-Za-z0-9._-], keys 16 to 256 printable bytes. kInvalidInput names the file and line,
  /// never the key.
  static Result<ApiKeys> load(Env& env, const std::string& path);
  static Result<ApiKeys> parse(std::string_view text, const std::string& name);

  bool empty() const { return keys_.empty(); }

  /// The caller's name. With keys: "authorization: Bearer <key>", or kUnauthenticated. Without:
  /// "local", unless host or origin name another machine (a web page that reaches in through the
  /// user's browser): kPermissionDenied.
  Result<std::string> authorize(const HttpRequest& request) const;

 private:
  struct Key {
    std::string name;
    std::string digest;  // 32 bytes
  };
  std::vector<Key> keys_;
};

/// Whether `host` ("localhost", "127.0.0.1:8080", "[::1]") is this machine.
bool is_loopback_host(std::string_view host);

}  // namespace residency::server
