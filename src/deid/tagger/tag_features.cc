#include "deid/tagger/tag_features.h"

namespace residency::deid {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t h = (a ^ (b * 0xff51afd7ed558ccdull)) * 0x9e3779b97f4a7c15ull;
  return h ^ (h >> 31);
}

const TagToken& outside() {
  static const TagToken token = [] {
    TagToken made;
    made.word = 0x5bf03635f0a31e01ull;
    made.shape = 7;
    return made;
  }();
  return token;
}

const TagToken& token_at(const std::vector<TagToken>& tokens, std::size_t at, std::ptrdiff_t step) {
  const std::ptrdiff_t index = static_cast<std::ptrdiff_t>(at) + step;
  return index < 0 || index >= static_cast<std::ptrdiff_t>(tokens.size())
             ? outside()
             : tokens[static_cast<std::size_t>(index)];
}

/// The word's shape among its line's and the text's.
std::uint64_t context_of(const TagToken& token) {
  return (std::uint64_t{token.shape} << 8) | token.line_case | (token.lower_elsewhere ? 16u : 0u);
}

// The set's first positions: the token's own word, then what reads the lists.
constexpr std::size_t kOwnWordEnd = 9;
constexpr std::size_t kListEnd = 20;

}  // namespace

bool is_own_word_feature(std::size_t position) { return position < kOwnWordEnd; }
bool is_list_feature(std::size_t position) {
  return position >= kOwnWordEnd && position < kListEnd;
}

void tag_features(const std::vector<TagToken>& tokens, std::size_t at, TagFeatureSet& features) {
  const auto near = [&](std::ptrdiff_t step) -> const TagToken& {
    return token_at(tokens, at, step);
  };
  const TagToken& t = near(0);
  const TagToken& b = near(-1);
  const TagToken& bb = near(-2);
  const TagToken& n = near(1);
  const TagToken& nn = near(2);
  std::size_t count = 0;
  const auto put = [&](std::uint64_t value) { features[count] = mix(value, count + 1), ++count; };
  const std::uint64_t shapes = (std::uint64_t{b.shape} << 16) | (std::uint64_t{t.shape} << 8) |
                               n.shape | (std::uint64_t{t.gap} << 24) |
                               (std::uint64_t{n.gap} << 28);
  const std::uint64_t wide = shapes | (std::uint64_t{bb.shape} << 32) |
                             (std::uint64_t{nn.shape} << 40) | (std::uint64_t{b.gap} << 48);
  const std::uint64_t context = context_of(t);
  // Own word.
  put(t.word);
  put(mix(t.word, t.shape));
  put(mix(b.word, t.word));
  put(mix(t.word, n.word));
  put(t.prefix2);
  put(t.prefix3);
  put(t.suffix2);
  put(mix(t.suffix3, t.shape));
  put(t.suffix4);
  // Lists.
  const std::uint64_t lists = t.flags | (context << 16);
  put(lists);
  put(mix(lists, b.word));
  put(mix(lists, n.word));
  put(mix(lists, b.flags | (std::uint64_t{b.shape} << 16) | (std::uint64_t{t.gap} << 24)));
  put(mix(lists, n.flags | (std::uint64_t{n.shape} << 16) | (std::uint64_t{n.gap} << 24)));
  put(mix(mix(t.flags, wide), 3));
  put(mix(b.flags, b.shape));
  put(mix(n.flags, n.shape));
  put(mix(mix(lists, b.flags), n.flags));
  put(mix(lists, t.header));
  put(mix(lists, t.suffix3));
  // Neighbours and line.
  put(0);
  put(context);
  put(shapes);
  put(wide);
  put(b.word);
  put(n.word);
  put(bb.word);
  put(nn.word);
  put(mix(b.word, context));
  put(mix(n.word, context));
  put(mix(mix(bb.word, b.word), t.shape));
  put(mix(mix(n.word, nn.word), t.shape));
  put(mix(mix(b.word, n.word), t.shape));
  put(mix(bb.word, (std::uint64_t{t.shape} << 8) | b.shape));
  put(mix(nn.word, (std::uint64_t{t.shape} << 8) | n.shape));
  put(t.header);
  put(mix(t.header, t.shape));
  put(mix(mix(t.header, b.word), t.shape));
  put((std::uint64_t{t.place} << 16) | (std::uint64_t{t.shape} << 8) | t.gap);
  put(mix(near(-3).word, (std::uint64_t{t.shape} << 16) | (b.shape << 8) | bb.shape));
  put(mix(near(3).word, (std::uint64_t{t.shape} << 16) | (n.shape << 8) | nn.shape));
  put(mix(b.suffix3, context));
  put(mix(mix(b.suffix3, n.suffix3), t.shape));
  put(mix(near(-3).shape, wide));
  put(mix(near(3).shape, wide));
  put(mix(mix(bb.flags, b.flags), shapes));
}

}  // namespace residency::deid
