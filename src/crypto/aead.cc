#include "crypto/aead.h"

#include <memory>
#include <openssl/evp.h>

namespace residency::crypto {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes, std::size_t at = 0) {
  return reinterpret_cast<unsigned char*>(bytes.data()) + at;
}

bool sizes_hold(const Secret& key, std::string_view nonce) {
  return key.size() == kKeyBytes && nonce.size() == kNonceBytes;
}

}  // namespace

Result<std::string> aead_seal(const Secret& key, std::string_view nonce, std::string_view plain,
                              std::string_view associated) {
  if (!sizes_hold(key, nonce)) return internal_error("encryption key or nonce of the wrong size");
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string sealed(plain.size() + kTagBytes, '\0');
  int length = 0;
  const bool done = EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key.reveal()),
                                       in(nonce)) == 1 &&
                    EVP_EncryptUpdate(context.get(), nullptr, &length, in(associated),
                                      static_cast<int>(associated.size())) == 1 &&
                    EVP_EncryptUpdate(context.get(), out(sealed), &length, in(plain),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(context.get(), out(sealed, plain.size()), &length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                        out(sealed, plain.size())) == 1;
  if (!done) return internal_error("encryption failed");
  return sealed;
}

Result<std::string> aead_open(const Secret& key, std::string_view nonce, std::string_view sealed,
                              std::string_view associated) {
  if (!sizes_hold(key, nonce)) return internal_error("encryption key or nonce of the wrong size");
  if (sealed.size() < kTagBytes) return corrupt("encrypted bytes are cut short");
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const std::size_t length_plain = sealed.size() - kTagBytes;
  std::string plain(length_plain, '\0');
  std::string tag(sealed.substr(length_plain));
  int length = 0;
  const bool done =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, in(key.reveal()), in(nonce)) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &length, in(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), out(plain), &length, in(sealed),
                        static_cast<int>(length_plain)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out(plain, length_plain), &length) == 1;
  if (!done) return corrupt("encrypted bytes were changed, or the key is another");
  return plain;
}

}  // namespace residency::crypto
