#include "train/run_key.h"

#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>

namespace residency::train {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

template <class T>
void absorb(const Digest& digest, const std::vector<T>& values) {
  const std::uint64_t count = values.size();
  EVP_DigestUpdate(digest.get(), &count, sizeof(count));
  EVP_DigestUpdate(digest.get(), values.data(), values.size() * sizeof(T));
}

std::string hex_of(const Digest& digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(digest.get(), bytes, &length);
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

std::string digest_of(const dataset::SequenceSet& set) {
  if (set.source() != nullptr) return set.source()->digest();
  const std::vector<dataset::PackedSequence>& sequences = *set.held();
  const Digest digest(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  for (const dataset::PackedSequence& sequence : sequences) {
    absorb(digest, sequence.tokens);
    absorb(digest, sequence.targets);
    absorb(digest, sequence.positions);
    absorb(digest, sequence.segment_starts);
    for (const auto& labels : sequence.label_sets) absorb(digest, labels);
  }
  return hex_of(digest);
}

std::string digest_of(const model::LoraAdapter& adapter) {
  const Digest digest(EVP_MD_CTX_new());
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  const std::vector<double> alpha{adapter.alpha};
  absorb(digest, alpha);
  for (const auto* module : model::sorted_modules(adapter)) {
    for (const auto* values : {&module->a, &module->b, &module->magnitude}) {
      absorb(digest, *values);
    }
  }
  return hex_of(digest);
}

}  // namespace

std::string run_key(const TrainOptions& options, const std::string& base_sha256,
                    const TrainInputs& inputs) {
  return options.canonical_json() + "\n" + base_sha256 + "\n" + digest_of(inputs.train) + "\n" +
         digest_of(inputs.validation) +
         (inputs.from == nullptr ? "" : "\n" + digest_of(*inputs.from));
}

}  // namespace residency::train
