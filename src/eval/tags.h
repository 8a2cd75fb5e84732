// Tags of tokens and the chunks they spell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::eval {

/// Tokens `first` to `last` (inclusive) are one mention of `type`.
struct Chunk {
  std::size_t first = 0;
  std::size_t last = 0;
  std::string type;
  bool operator==(const Chunk&) const = default;
};

/// How tags are read where they do not spell a chunk cleanly.
enum class TagScheme : std::uint8_t {
  kLenient,      // conlleval, seqeval's default: an I- after O or another type opens a chunk
  kStrictIob2,   // seqeval's mode='strict', scheme=IOB2: a chunk begins with B-
  kStrictIobes,  // seqeval's mode='strict', scheme=IOBES: B- to E-, or S-
  kStrictBilou,  // seqeval's mode='strict', scheme=BILOU: B- to L-, or U-
};

/// "O", or one of B I E S L U with "-" and a type; or the prefix alone, whose type is "_".
bool is_tag(std::string_view tag);

/// The chunks of one sentence's tags, in order. Lenient as conlleval.pl (Tjong Kim Sang, CoNLL-2000
/// and 2003) and seqeval's get_entities; strict as seqeval's scheme module. L and U (BILOU) are
/// read as E and S; what is no tag counts as O.
std::vector<Chunk> tag_chunks(const std::vector<std::string>& tags,
                              TagScheme scheme = TagScheme::kLenient);

}  // namespace residency::eval
