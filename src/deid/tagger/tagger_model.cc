#include "deid/tagger/tagger_model.h"

#include <algorithm>
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
constexpr std::size_t kNoteBytesMax = 1u << 16;
constexpr std::size_t kDigestBytes = 32;
/// Larger numbers are no weights of a network that was trained.
constexpr float kWeightMax = 1000.0f;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFF);
}
void put_u64(std::string& out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value));
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
}
void put_f32(std::string& out, float value) { put_u32(out, std::bit_cast<std::uint32_t>(value)); }
void put_floats(std::string& out, const std::vector<float>& values) {
  for (const float value : values) put_f32(out, value);
}

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
    if (!(std::fabs(value) <= kWeightMax)) {
      ok_ = false;
      return 0;
    }
    return value;
  }
  std::uint64_t u64() {
    const std::uint64_t low = u32();
    return low | (std::uint64_t{u32()} << 32);
  }
  void floats(std::vector<float>& out) {
    for (float& value : out) value = f32();
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

/// A row of the table as a scale and bytes.
void put_row(std::string& out, const float* row) {
  float top = 0;
  for (std::size_t j = 0; j < kEncoderWidth; ++j) top = std::max(top, std::fabs(row[j]));
  const float scale = top / 127;
  put_f32(out, scale);
  for (std::size_t j = 0; j < kEncoderWidth; ++j)
    out +=
        static_cast<char>(static_cast<std::int8_t>(scale == 0 ? 0 : std::lround(row[j] / scale)));
}

bool take_rows(Bytes& in, EncoderWeights& weights) {
  for (std::uint32_t row = 0; row < weights.table_rows; ++row) {
    const float scale = in.f32();
    const std::string_view bytes = in.take(kEncoderWidth);
    if (!in.ok()) return false;
    float* to = weights.table.data() + std::size_t{row} * kEncoderWidth;
    for (std::size_t j = 0; j < kEncoderWidth; ++j)
      to[j] = scale * static_cast<float>(static_cast<std::int8_t>(bytes[j]));
  }
  return true;
}

}  // namespace

TagVocabulary::TagVocabulary(std::vector<std::uint64_t> hashes) : hashes_(std::move(hashes)) {
  std::size_t size = 16;
  while (size < 2 * hashes_.size()) size *= 2;
  slots_.assign(size, 0);
  mask_ = size - 1;
  for (std::uint32_t i = 0; i < hashes_.size(); ++i) {
    std::size_t slot = hashes_[i] & mask_;
    while (slots_[slot] != 0) slot = (slot + 1) & mask_;
    slots_[slot] = i + 1;
  }
}

std::string TaggerModel::write() const {
  std::string out(kMagic);
  for (const std::uint32_t value :
       {kTaggerFormat, kTagInputVersion, static_cast<std::uint32_t>(kTagLabels),
        static_cast<std::uint32_t>(kEncoderWidth), static_cast<std::uint32_t>(kEncoderLayers),
        static_cast<std::uint32_t>(vocabulary.hashes().size())})
    put_u32(out, value);
  put_f32(out, outside_bias);
  for (const float value : thresholds) put_f32(out, value);
  put_f32(out, doubt);
  put_u32(out, static_cast<std::uint32_t>(note.size()));
  out += note;
  for (const std::uint64_t hash : vocabulary.hashes()) put_u64(out, hash);
  for (std::uint32_t row = 0; row < weights.table_rows; ++row)
    put_row(out, weights.table.data() + std::size_t{row} * kEncoderWidth);
  for (const EncoderLayer& layer : weights.layers) {
    put_floats(out, layer.weights);
    put_floats(out, layer.bias);
  }
  put_floats(out, weights.head);
  put_floats(out, weights.head_bias);
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
  if (in.u32() != kTagInputVersion) return bad("was trained on other inputs");
  if (in.u32() != kTagLabels) return bad("has other labels");
  if (in.u32() != kEncoderWidth || in.u32() != kEncoderLayers) return bad("has another network");
  const std::uint32_t words = in.u32();
  if (words > kVocabularyMax) return bad("has too many words");
  TaggerModel model;
  model.outside_bias = in.f32();
  for (float& value : model.thresholds) value = in.f32();
  model.doubt = in.f32();
  const std::uint32_t note_bytes = in.u32();
  if (note_bytes > kNoteBytesMax) return bad("has too long a note");
  model.note = in.take(note_bytes);
  std::vector<std::uint64_t> hashes(words);
  for (std::uint64_t& hash : hashes) hash = in.u64();
  if (!in.ok()) return bad("is cut short, or holds a number out of range");
  model.vocabulary = TagVocabulary(std::move(hashes));
  model.weights = EncoderWeights::of_size(words);
  take_rows(in, model.weights);
  for (EncoderLayer& layer : model.weights.layers) {
    in.floats(layer.weights);
    in.floats(layer.bias);
  }
  in.floats(model.weights.head);
  in.floats(model.weights.head_bias);
  if (!in.ok()) return bad("is cut short, or holds a number out of range");
  if (!in.empty()) return bad("goes on past its end");
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

std::vector<TagScores> TaggerModel::scores(const std::vector<TagInput>& inputs, std::size_t begin,
                                           std::size_t end) const {
  EncoderStretch stretch;
  stretch.resize(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    const TagInput& input = inputs[i];
    float* to = stretch.row(i - begin);
    const auto add = [&](std::uint32_t row) {
      const float* from = weights.table.data() + std::size_t{row} * kEncoderWidth;
      for (std::size_t j = 0; j < kEncoderWidth; ++j) to[j] += from[j];
    };
    for (std::size_t r = 0; r < input.rules_end; ++r) add(input.rows[r]);
    if (const std::uint32_t word = vocabulary.find(input.word)) add(kVocabularyAt + word - 1);
  }
  std::vector<TagScores> scores;
  encode(weights, stretch, scores);
  return scores;
}

}  // namespace residency::deid
