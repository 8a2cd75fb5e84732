// AccessKeys: the access keys that clients of the AWS APIs sign with.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::server {

struct AccessKey {
  std::string id;      // "RSD" and 17 of [A-Z2-7]
  std::string secret;  // 40 characters; it signs, so it is kept as it is, in encrypted state only
  std::string name;    // whose it is
  std::string created_at;
};

class AccessKeys {
 public:
  /// The name of the workspace's encrypted state that holds them.
  static constexpr std::string_view kStateName = "aws/access-keys";

  /// Reads what to_json() gave; kCorrupt for anything else.
  static Result<AccessKeys> from_json(const Json& json);
  Json to_json() const;

  /// Makes a key from random bytes. Names are 1 to 64 of [A-Za-z0-9._-].
  Result<AccessKey> create(const std::string& name, const std::string& created_at);
  /// kNotFound where there is none.
  Result<void> revoke(const std::string& id);
  const AccessKey* find(std::string_view id) const;
  std::vector<AccessKey> list() const;
  bool empty() const { return keys_.empty(); }

 private:
  std::map<std::string, AccessKey, std::less<>> keys_;
};

}  // namespace residency::server
