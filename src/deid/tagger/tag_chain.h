// TagChain: decoding of a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001)
// over the labels of tag_set.h. No path it gives or sums over breaks BIO.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "deid/tagger/tag_set.h"

namespace residency::deid {

/// Scores of one token's labels; the lanes past kTagLabels are not read.
using TagScores = std::array<float, kTagLanes>;
/// [previous][next]; pairs that may_follow() refuses are not read.
using TagTransitions = std::array<TagScores, kTagLabels>;

/// The best legal path. `outside_bias` is added to label 0 of every token.
std::vector<std::size_t> viterbi(const std::vector<TagScores>& emissions,
                                 const TagTransitions& transitions, float outside_bias);

/// What the sum over all legal paths tells.
struct ChainMarginals {
  double log_partition = 0;
  std::vector<TagScores> unary;  // probabilities, for each token
};

/// Forward and backward sums. `pairs`, where given, takes the expected count of each transition.
ChainMarginals marginals(const std::vector<TagScores>& emissions, const TagTransitions& transitions,
                         TagTransitions* pairs = nullptr);

/// e^x from sums and products alone, so that every machine trains the same bytes.
float portable_exp(float x);
double portable_log(double x);

}  // namespace residency::deid
