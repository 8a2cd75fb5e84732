// TaggerModel: the tagger's weights, in one small file with its version and checksum.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deid/tagger/tag_chain.h"
#include "deid/tagger/tag_features.h"

namespace residency::deid {

inline constexpr std::uint32_t kTaggerFormat = 1;
inline constexpr std::size_t kTaggerFileBytesMax = 16u << 20;
/// Slots of a bucket of the feature table.
inline constexpr std::size_t kBucketSlots = 4;

/// Little-endian layout: "RTAG", format, feature version, labels, log2 of the buckets (u32 each),
/// outside bias, weight scale (f32), thresholds (f32 x groups), transitions (f32 x labels x
/// labels), length of the note (u32) and the note (JSON of how it was trained), fingerprints (u16 x
/// slots), weights (i8 x slots x labels), SHA-256 of all before (32 bytes).
struct TaggerModel {
  std::uint32_t log2_buckets = 0;
  float outside_bias = 0;  // added to "outside" while spans are looked for; below 0 finds more
  float scale = 1;         // a weight is its int8 times this
  std::array<float, kTagGroupCount> thresholds{};  // least probability of a span, by group
  TagTransitions transitions{};
  std::string note;
  std::vector<std::uint16_t> fingerprints;               // 0: an empty slot
  std::vector<std::array<std::int8_t, kTagLanes>> rows;  // parallel to fingerprints

  std::string write() const;
  /// kDataCorrupt or the like where the bytes are cut short, too many, altered or of another
  /// version.
  static Result<TaggerModel> read(std::string_view bytes);
  /// The model linked into this binary, read once.
  static const Result<TaggerModel>& embedded();
  /// SHA-256, hex, of the linked model's bytes.
  static std::string_view embedded_digest();

  /// The slot of a feature, or -1.
  std::ptrdiff_t slot(std::uint64_t feature) const {
    const std::size_t bucket = (feature >> 40) & ((std::size_t{1} << log2_buckets) - 1);
    const std::uint16_t print = fingerprint(feature);
    for (std::size_t i = bucket * kBucketSlots; i < (bucket + 1) * kBucketSlots; ++i) {
      if (fingerprints[i] == print) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
  }
  static std::uint16_t fingerprint(std::uint64_t feature) {
    const auto low = static_cast<std::uint16_t>(feature);
    return low == 0 ? std::uint16_t{1} : low;
  }

  /// Scores of every label at one token.
  TagScores emissions(const TagFeatureSet& features) const;
};

}  // namespace residency::deid
