#include "crypto/random.h"

#include <openssl/rand.h>

namespace residency::crypto {

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    return internal_error("the random generator failed");
  }
  return bytes;
}

}  // namespace residency::crypto
