#include "deid/proof/review_sample.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/passphrase.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

namespace residency::deid {
namespace {

constexpr std::string_view kMagic = "RSDREVW1";
constexpr std::size_t kPassphraseBytesMin = 12;

/// How many of each type: whole shares first, then the largest remainders.
std::map<std::string, std::size_t> shares(
    const std::map<std::string, std::vector<ReviewDocument>>& by_type, std::size_t all,
    std::size_t count) {
  std::map<std::string, std::size_t> given;
  std::vector<std::pair<std::size_t, std::string>> remainders;
  std::size_t left = count;
  for (const auto& [type, documents] : by_type) {
    given[type] = documents.size() * count / all;
    left -= given[type];
    remainders.emplace_back(documents.size() * count % all, type);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < left; ++i) ++given[remainders[i % remainders.size()].second];
  return given;
}

}  // namespace

std::vector<ReviewDocument> draw(std::vector<ReviewDocument> all, std::size_t count,
                                 std::string_view seed) {
  const std::size_t total = all.size();
  if (total <= count) return all;
  std::map<std::string, std::vector<ReviewDocument>> by_type;
  for (ReviewDocument& document : all) by_type[document.note_type].push_back(std::move(document));
  std::vector<ReviewDocument> drawn;
  for (const auto& [type, share] : shares(by_type, total, count)) {
    std::vector<std::pair<std::string, const ReviewDocument*>> ranked;
    for (const ReviewDocument& document : by_type[type]) {
      ranked.emplace_back(
          crypto::sha256(std::string(seed) + std::string(1, '\0') + document.record_id), &document);
    }
    std::sort(ranked.begin(), ranked.end());
    for (std::size_t i = 0; i < std::min(share, ranked.size()); ++i)
      drawn.push_back(*ranked[i].second);
  }
  return drawn;
}

Result<std::string> seal_sample(const ReviewSample& sample, const std::string& passphrase) {
  if (passphrase.size() < kPassphraseBytesMin)
    return invalid_argument("the passphrase must have 12 bytes at least");
  Json documents = Json::array();
  for (const ReviewDocument& document : sample.documents) {
    documents.push_back(
        {{"record", document.record_id}, {"type", document.note_type}, {"text", document.text}});
  }
  const std::string plain = dump_json({{"corpus", sample.corpus},
                                       {"seed", sample.seed},
                                       {"corpus_notes", sample.corpus_notes},
                                       {"documents", std::move(documents)}});
  RESIDENCY_TRY(const auto salt, crypto::random_bytes(crypto::kSaltBytes));
  RESIDENCY_TRY(const auto nonce, crypto::random_bytes(crypto::kNonceBytes));
  RESIDENCY_TRY(const auto key, crypto::key_from_passphrase(passphrase, salt));
  RESIDENCY_TRY(const auto sealed, crypto::aead_seal(key, nonce, plain, kMagic));
  return std::string(kMagic) + salt + nonce + sealed;
}

Result<ReviewSample> open_sample(std::string_view bytes, const std::string& passphrase) {
  const std::size_t head = kMagic.size() + crypto::kSaltBytes + crypto::kNonceBytes;
  if (bytes.size() < head + crypto::kTagBytes || bytes.substr(0, kMagic.size()) != kMagic)
    return invalid_input("this is no sample for review");
  const std::string salt(bytes.substr(kMagic.size(), crypto::kSaltBytes));
  const auto nonce = bytes.substr(kMagic.size() + crypto::kSaltBytes, crypto::kNonceBytes);
  RESIDENCY_TRY(const auto key, crypto::key_from_passphrase(passphrase, salt));
  const auto plain = crypto::aead_open(key, nonce, bytes.substr(head), kMagic);
  if (!plain.ok())
    return Error(ErrorCode::kUnauthenticated,
                 "the sample does not open: another passphrase, or its bytes were changed");
  RESIDENCY_TRY(const Json json, parse_json(*plain));
  ReviewSample sample;
  sample.corpus = json_text(json, "corpus");
  sample.seed = json_text(json, "seed");
  sample.corpus_notes = static_cast<std::uint64_t>(json_integer(json, "corpus_notes"));
  for (const Json& document : json_member(json, "documents")) {
    sample.documents.push_back(
        {json_text(document, "record"), json_text(document, "type"), json_text(document, "text")});
  }
  return sample;
}

}  // namespace residency::deid
