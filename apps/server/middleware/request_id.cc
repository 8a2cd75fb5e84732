#include "server/middleware/request_id.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/rand.h>

namespace residency::server {

std::string make_request_id() {
  std::array<unsigned char, 12> bytes{};
  // Ids need to differ, not to be secret: should the generator fail, a repeated id harms nobody.
  (void)RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id.push_back(kHex[byte >> 4]);
    id.push_back(kHex[byte & 15]);
  }
  return id;
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
