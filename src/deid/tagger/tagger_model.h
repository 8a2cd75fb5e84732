// TaggerModel: the tagger's weights, in one small file with its version and checksum.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deid/tagger/encoder.h"

namespace residency::deid {

inline constexpr std::uint32_t kTaggerFormat = 2;
inline constexpr std::size_t kTaggerFileBytesMax = 32u << 20;
inline constexpr std::uint32_t kVocabularyMax = 1u << 17;

/// The words that have a row of their own, by hash.
class TagVocabulary {
 public:
  TagVocabulary() = default;
  explicit TagVocabulary(std::vector<std::uint64_t> hashes);
  /// The word's number, from 1; 0 where it has none.
  std::uint32_t find(std::uint64_t hash) const {
    if (slots_.empty()) return 0;
    for (std::size_t slot = hash & mask_; slots_[slot] != 0; slot = (slot + 1) & mask_) {
      if (hashes_[slots_[slot] - 1] == hash) return slots_[slot];
    }
    return 0;
  }
  const std::vector<std::uint64_t>& hashes() const { return hashes_; }

 private:
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> slots_;  // open addressing, at most half full
  std::size_t mask_ = 0;
};

/// Little-endian layout: "RTAG", format, input version, labels, width, layers, words (u32 each),
/// outside bias (f32), thresholds (f32 x groups), doubt (f32), length of the note (u32) and the
/// note (JSON of how it was trained), the words' hashes (u64 each), the table's rows (a f32 scale
/// and i8 x width each), layers (f32), head (f32), SHA-256 of all before (32 bytes).
struct TaggerModel {
  float outside_bias = 0;  // added to "outside" while spans are looked for; below 0 finds more
  std::array<float, kTagGroupCount> thresholds{};  // least probability of a span, by group
  float doubt = 0;  // words that weak rules found are left out below this probability
  std::string note;
  TagVocabulary vocabulary;
  EncoderWeights weights;

  std::string write() const;
  /// kInvalidArgument where the bytes are cut short, too many, altered or of another version.
  static Result<TaggerModel> read(std::string_view bytes);
  /// The model linked into this binary, read once.
  static const Result<TaggerModel>& embedded();
  /// SHA-256, hex, of the linked model's bytes.
  static std::string_view embedded_digest();

  /// Scores of every label at tokens [begin, end) of a text.
  std::vector<TagScores> scores(const std::vector<TagInput>& inputs, std::size_t begin,
                                std::size_t end) const;
};

}  // namespace residency::deid
