#include "eval/prompt_digest.h"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace residency::eval {

struct PromptDigest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool good = context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }

  void update(std::string_view bytes) {
    good = good && EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1;
  }
};

PromptDigest::PromptDigest() : state_(std::make_unique<State>()) {}
PromptDigest::~PromptDigest() = default;

void PromptDigest::add(std::string_view prompt) {
  state_->update(fmt::format("{}:", prompt.size()));
  state_->update(prompt);
}

std::string PromptDigest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int length = 0;
  if (!state_->good || EVP_DigestFinal_ex(state_->context, bytes.data(), &length) != 1) return "";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

}  // namespace residency::eval
