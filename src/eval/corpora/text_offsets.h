// From a corpus' offsets to bytes, and back to the words they should cover.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

enum class OffsetUnit : std::uint8_t {
  kCodePoints,  // PubTator, BioC, brat, i2b2 XML: written by Python or for readers in it
  kUtf16,       // DDI Extraction: written by Java
};

/// Offsets in one text. A byte that is no UTF-8 counts as one code point.
class TextOffsets {
 public:
  TextOffsets(std::string_view text, OffsetUnit unit);

  /// The byte at which unit number `offset` begins, the text's size at its end; nothing past the
  /// end or inside of a surrogate pair.
  std::optional<std::size_t> byte_at(std::uint64_t offset) const;
  /// begin < end, both inside.
  std::optional<ByteRange> range(std::uint64_t begin, std::uint64_t end) const;
  /// Units in the text.
  std::uint64_t size() const { return size_; }

 private:
  static constexpr std::size_t kInside = static_cast<std::size_t>(-1);

  std::uint64_t size_ = 0;
  std::vector<std::size_t> starts_;  // empty for a text of ASCII alone
};

/// Whether two texts are equal but for white space (which corpora write as they please where a
/// mention is discontinuous) and, where `any_case`, ASCII case.
bool same_words(std::string_view a, std::string_view b, bool any_case = false);

/// The parts' texts, joined by single spaces.
std::string covered_text(std::string_view text, const std::vector<ByteRange>& parts);

/// Sorts the parts; false where there are none or two overlap.
bool order_parts(std::vector<ByteRange>& parts);

/// A decimal number without sign that fits; nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// `text` cut at every `separator`; always at least one piece.
std::vector<std::string_view> split(std::string_view text, char separator);

/// "10 14;20 25" with `between` = ' ', "10-14;20-25" with '-': (begin, end) pairs as written.
std::optional<std::vector<std::pair<std::uint64_t, std::uint64_t>>> parse_ranges(
    std::string_view text, char between);

}  // namespace residency::eval::corpora
