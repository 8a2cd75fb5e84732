#include "deid/tagger/tagger_model.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "base/embedded_data.h"
#include "crypto/sha256.h"

RESIDENCY_EMBEDDED(deid_tagger);

namespace residency::deid {
namespace {

constexpr std::string_view kMagic = "RTAG";
constexpr std::uint32_t kLog2BucketsMax = 17;
constexpr std::size_t kNoteBytesMax = 1u << 16;
constexpr std::size_t kDigestBytes = 32;
/// Larger scores would leave viterbi's and the sums' range.
constexpr float kScoreMax = 1000.0f;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFF);
}
void put_f32(std::string& out, float value) { put_u32(out, std::bit_cast<std::uint32_t>(value)); }

/// Takes numbers off the front; ok() turns false where the bytes end or a number is out of range.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint32_t u32() {
    std::uint32_t value = 0;
    const std::string_view bytes = take(4);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
  }
  float f32() {
    const auto value = std::bit_cast<float>(u32());
    if (!(std::fabs(value) <= kScoreMax)) {
      ok_ = false;
      return 0;
    }
    return value;
  }
  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Error bad(std::string_view what) {
  return invalid_argument(fmt::format("the tagger's model file {}", what));
}

}  // namespace

std::string TaggerModel::write() const {
  std::string out(kMagic);
  for (const std::uint32_t value :
       {kTaggerFormat, kTagFeatureVersion, static_cast<std::uint32_t>(kTagLabels), log2_buckets})
    put_u32(out, value);
  put_f32(out, outside_bias);
  put_f32(out, scale);
  for (const float value : thresholds) put_f32(out, value);
  for (const TagScores& row : transitions) {
    for (std::size_t l = 0; l < kTagLabels; ++l) put_f32(out, row[l]);
  }
  put_u32(out, static_cast<std::uint32_t>(note.size()));
  out += note;
  for (const std::uint16_t print : fingerprints) {
    out += static_cast<char>(print & 0xFF);
    out += static_cast<char>(print >> 8);
  }
  for (const auto& row : rows) {
    for (std::size_t l = 0; l < kTagLabels; ++l) out += static_cast<char>(row[l]);
  }
  return out + crypto::sha256(out);
}

Result<TaggerModel> TaggerModel::read(std::string_view bytes) {
  if (bytes.size() > kTaggerFileBytesMax) return bad("is too large");
  if (bytes.size() < kMagic.size() + kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic)
    return bad("is none");
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  if (crypto::sha256(body) != bytes.substr(body.size()))
    return bad("is damaged: its checksum differs");
  Bytes in(body.substr(kMagic.size()));
  if (in.u32() != kTaggerFormat) return bad("has another format version");
  if (in.u32() != kTagFeatureVersion) return bad("was trained on other features");
  if (in.u32() != kTagLabels) return bad("has other labels");
  TaggerModel model;
  model.log2_buckets = in.u32();
  if (model.log2_buckets > kLog2BucketsMax) return bad("has too many buckets");
  model.outside_bias = in.f32();
  model.scale = in.f32();
  for (float& value : model.thresholds) value = in.f32();
  for (TagScores& row : model.transitions) {
    for (std::size_t l = 0; l < kTagLabels; ++l) row[l] = in.f32();
  }
  const std::uint32_t note_bytes = in.u32();
  if (note_bytes > kNoteBytesMax) return bad("has too long a note");
  model.note = in.take(note_bytes);
  const std::size_t slots = kBucketSlots << model.log2_buckets;
  const std::string_view prints = in.take(2 * slots);
  const std::string_view weights = in.take(slots * kTagLabels);
  if (!in.ok()) return bad("is cut short, or holds a number out of range");
  if (!in.empty()) return bad("goes on past its end");
  model.fingerprints.resize(slots);
  model.rows.resize(slots);
  for (std::size_t i = 0; i < slots; ++i) {
    model.fingerprints[i] =
        static_cast<std::uint16_t>(static_cast<unsigned char>(prints[2 * i]) |
                                   (static_cast<unsigned char>(prints[2 * i + 1]) << 8));
    model.rows[i].fill(0);
    std::memcpy(model.rows[i].data(), weights.data() + i * kTagLabels, kTagLabels);
  }
  return model;
}

const Result<TaggerModel>& TaggerModel::embedded() {
  static const Result<TaggerModel> model = read(embedded_deid_tagger());
  return model;
}

std::string_view TaggerModel::embedded_digest() {
  static const std::string digest = crypto::sha256_hex(embedded_deid_tagger());
  return digest;
}

TagScores TaggerModel::emissions(const TagFeatureSet& features) const {
  std::array<std::int16_t, kTagLanes> sum{};
  for (const std::uint64_t feature : features) {
    const std::ptrdiff_t at = slot(feature);
    if (at < 0) continue;
    const auto& row = rows[static_cast<std::size_t>(at)];
    for (std::size_t l = 0; l < kTagLanes; ++l) sum[l] = static_cast<std::int16_t>(sum[l] + row[l]);
  }
  TagScores scores;
  for (std::size_t l = 0; l < kTagLanes; ++l) scores[l] = static_cast<float>(sum[l]) * scale;
  return scores;
}

}  // namespace residency::deid
