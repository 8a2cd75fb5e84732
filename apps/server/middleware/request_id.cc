#include "server/middleware/request_id.h"

#include <algorithm>
#include <cctype>

#include "crypto/random.h"
#include "crypto/sha256.h"

namespace residency::server {

std::string make_request_id() {
  constexpr std::size_t kBytes = 12;
  const auto bytes = crypto::random_bytes(kBytes);
  // Ids need to differ, not to be secret: should the generator fail, a repeated id harms nobody.
  return crypto::to_hex(bytes.ok() ? *bytes : std::string(kBytes, '\0'));
}

std::string accept_request_id(std::string_view wanted) {
  constexpr std::size_t kBytesMax = 64;
  const bool safe = !wanted.empty() && wanted.size() <= kBytesMax &&
                    std::all_of(wanted.begin(), wanted.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                    });
  return safe ? std::string(wanted) : make_request_id();
}

}  // namespace residency::server
