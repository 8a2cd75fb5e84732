// Encoder: the tagger's network. A token is the sum of its rows; five gated convolutions over
// three tokens each (dilated: Yu and Koltun 2016; gated: Dauphin et al. 2017), each added to what
// it read, see 16 tokens to either side; a linear layer scores the labels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "deid/tagger/tag_chain.h"
#include "deid/tagger/tag_inputs.h"

namespace residency::deid {

inline constexpr std::size_t kEncoderWidth = 80;  // floats of a token
inline constexpr std::array<std::size_t, 5> kEncoderDilations{1, 2, 4, 8, 1};
inline constexpr std::size_t kEncoderLayers = kEncoderDilations.size();
/// Empty rows before and after a text, so that its ends need no special case.
inline constexpr std::size_t kEncoderMargin = 8;
/// Tokens to either side that a token's scores depend on.
inline constexpr std::size_t kEncoderReach = 16;

/// One convolution: [3][kEncoderWidth][2 * kEncoderWidth] weights of the token before, the token
/// itself and the one after, and a bias for each of the 2 * kEncoderWidth sums.
struct EncoderLayer {
  std::vector<float> weights;
  std::vector<float> bias;
};

struct EncoderWeights {
  std::uint32_t table_rows = 0;  // kVocabularyAt and the vocabulary
  std::vector<float> table;      // [table_rows][kEncoderWidth]
  std::array<EncoderLayer, kEncoderLayers> layers;
  std::vector<float> head;  // [kEncoderWidth][kTagLanes]
  std::vector<float> head_bias;

  /// All zeros, of the right sizes.
  static EncoderWeights of_size(std::uint32_t vocabulary);
};

/// Activations of one stretch of tokens: rows of kEncoderWidth with kEncoderMargin empty ones at
/// either end.
struct EncoderStretch {
  std::size_t tokens = 0;
  std::vector<float> state;
  std::vector<float> sums;

  void resize(std::size_t count);
  float* row(std::size_t token) { return state.data() + (token + kEncoderMargin) * kEncoderWidth; }
};

/// Sums of a layer's convolution, without the gate: sums[i] for i < tokens from rows of `state`,
/// which has kEncoderMargin rows before its first token and after its last.
void convolve(const EncoderLayer& layer, std::size_t dilation, const float* state,
              std::size_t tokens, float* sums);

/// Runs the layers over stretch.state and scores every token.
void encode(const EncoderWeights& weights, EncoderStretch& stretch, std::vector<TagScores>& scores);

}  // namespace residency::deid
