// TagChain: from scores of labels to labels that keep BIO, and to probabilities.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "deid/tagger/tag_set.h"

namespace residency::deid {

/// Scores of one token's labels; the lanes past kTagLabels are not read.
using TagScores = std::array<float, kTagLanes>;

/// The path of the highest sum that is legal. `outside_bias` is added to label 0 of every token.
std::vector<std::size_t> viterbi(const std::vector<TagScores>& scores, float outside_bias);

/// Scores to probabilities that sum to 1, in place; returns log of the sum of exponentials.
float softmax(TagScores& scores);

/// e^x from sums and products alone, so that every machine gives the same.
float portable_exp(float x);
float portable_log(float x);

}  // namespace residency::deid
