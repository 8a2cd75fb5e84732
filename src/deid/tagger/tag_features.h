// TagFeatures: what the tagger sees at one token: itself, two neighbours on either side, its line.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "deid/tagger/tag_tokens.h"

namespace residency::deid {

/// Changes whenever equal texts may give other features than before; a model names its own.
inline constexpr std::uint32_t kTagFeatureVersion = 1;
inline constexpr std::size_t kTagFeatures = 46;

/// Hashed features of one token, always kTagFeatures of them.
using TagFeatureSet = std::array<std::uint64_t, kTagFeatures>;

/// Features of `tokens[at]`. Neighbours beyond the text are one fixed word.
void tag_features(const std::vector<TagToken>& tokens, std::size_t at, TagFeatureSet& features);

/// Positions in the set that spell the token's own word; training leaves them out now and then, so
/// that a word never seen is judged by its shape and its neighbours.
bool is_own_word_feature(std::size_t position);
/// Positions that read the word lists.
bool is_list_feature(std::size_t position);

}  // namespace residency::deid
