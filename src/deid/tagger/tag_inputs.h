// TagInputs: what the encoder is told of each token, as rows of its table.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "deid/detect/span.h"
#include "deid/tagger/tag_tokens.h"

namespace residency::deid {

/// Changes when a row means something else than before: a model goes with one version.
inline constexpr std::uint32_t kTagInputVersion = 3;

/// Sections of the table, in order; the vocabulary's rows come last. Row 0 of a section is "none".
inline constexpr std::uint32_t kPrefixRows = 4096, kSuffix2Rows = 1024, kSuffix3Rows = 8192,
                               kSuffix4Rows = 8192, kShapeRows = 256, kPlaceRows = 256,
                               kHeaderRows = 2048, kFlagRows = 32, kRuleRows = 64, kReasonRows = 8,
                               kNumberRows = 32;
inline constexpr std::uint32_t kPrefixAt = 0, kSuffix2At = kPrefixAt + kPrefixRows,
                               kSuffix3At = kSuffix2At + kSuffix2Rows,
                               kSuffix4At = kSuffix3At + kSuffix3Rows,
                               kShapeAt = kSuffix4At + kSuffix4Rows,
                               kPlaceAt = kShapeAt + kShapeRows, kHeaderAt = kPlaceAt + kPlaceRows,
                               kFlagAt = kHeaderAt + kHeaderRows, kRuleAt = kFlagAt + kFlagRows,
                               kReasonAt = kRuleAt + kRuleRows, kNumberAt = kReasonAt + kReasonRows,
                               kVocabularyAt = kNumberAt + kNumberRows;
static_assert(1 + 2 * kPhiClassCount <= kRuleRows);

/// The most rows that one token has.
inline constexpr std::size_t kTagRowsMax = 40;

/// A token's rows, the kinds that training hides now and then apart from each other.
struct TagInput {
  std::uint64_t word = 0;  // the vocabulary is the model's: looked up by this
  std::array<std::uint32_t, kTagRowsMax> rows{};
  std::uint8_t fixed = 0;       // rows[0, fixed): shape, place in the line
  std::uint8_t parts_end = 0;   // rows[fixed, parts_end): the word's beginning and ends
  std::uint8_t header_end = 0;  // rows[parts_end, header_end): the line's label
  std::uint8_t lists_end = 0;   // rows[header_end, lists_end): what the word lists say
  std::uint8_t rules_end = 0;   // rows[lists_end, rules_end): what the rules found there
};

/// `rules` are the spans of patterns, lists and context, in order and apart from each other.
std::vector<TagInput> tag_inputs(const std::vector<TagToken>& tokens,
                                 const std::vector<Span>& rules);

}  // namespace residency::deid
