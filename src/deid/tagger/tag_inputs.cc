#include "deid/tagger/tag_inputs.h"

namespace residency::deid {
namespace {

/// A hash's row in a section, never the section's first.
std::uint32_t row_of(std::uint32_t at, std::uint32_t rows, std::uint32_t hash) {
  return at + 1 + static_cast<std::uint32_t>((std::uint64_t{hash} * (rows - 1)) >> 32);
}

bool is_number(const TagToken& token) { return token.shape >= 8 && token.shape < 64; }

void add_rows(const TagToken& token, TagInput& input) {
  std::uint8_t count = 0;
  const auto put = [&](std::uint32_t row) { input.rows[count++] = row; };
  put(kShapeAt + token.shape);
  put(kPlaceAt + token.gap + 5u * token.line_case + 20u * token.place +
      100u * (token.lower_elsewhere ? 1u : 0u));
  input.fixed = count;
  if (is_number(token)) {
    put(row_of(kPrefixAt, kPrefixRows, token.prefix2));
    put(kNumberAt + 1 + token.number_kind);
  } else if (token.shape < 8) {
    put(row_of(kPrefixAt, kPrefixRows, token.prefix3));
    put(row_of(kSuffix2At, kSuffix2Rows, token.suffix2));
    put(row_of(kSuffix3At, kSuffix3Rows, token.suffix3));
    put(row_of(kSuffix4At, kSuffix4Rows, token.suffix4));
  }
  input.parts_end = count;
  if (token.header != 0) put(row_of(kHeaderAt, kHeaderRows, token.header));
  input.header_end = count;
  for (std::uint32_t bit = 0; bit < kFlagRows && (token.flags >> bit) != 0; ++bit) {
    if (((token.flags >> bit) & 1u) != 0) put(kFlagAt + bit);
  }
  input.lists_end = count;
  input.rules_end = count;
}

}  // namespace

std::vector<TagInput> tag_inputs(const std::vector<TagToken>& tokens,
                                 const std::vector<Span>& rules) {
  std::vector<TagInput> inputs(tokens.size());
  std::size_t rule = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const TagToken& token = tokens[i];
    TagInput& input = inputs[i];
    input.word = token.word;
    add_rows(token, input);
    while (rule < rules.size() && rules[rule].end <= token.begin) ++rule;
    if (rule < rules.size() && rules[rule].begin < token.end) {
      const Span& span = rules[rule];
      const bool begins = i == 0 || tokens[i - 1].end <= span.begin;
      input.rows[input.rules_end++] =
          kRuleAt + 1 + 2 * static_cast<std::uint32_t>(span.phi_class) + (begins ? 0 : 1);
      input.rows[input.rules_end++] = kReasonAt + 1 + static_cast<std::uint32_t>(span.reason);
    }
  }
  return inputs;
}

}  // namespace residency::deid
