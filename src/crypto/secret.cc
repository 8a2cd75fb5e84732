#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace residency::crypto {

void Secret::wipe() {
  if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace residency::crypto
