#include "deid/tagger/encoder.h"

#include <algorithm>

#include "deid/tagger/encoder_kernels.h"

namespace residency::deid {
namespace {

constexpr std::size_t kSums = 2 * kEncoderWidth;
static_assert(kEncoderWidth % kEncoderLane == 0 && kTagLanes % kEncoderLane == 0);
/// Tokens of a block whose sums stay in the first cache.
constexpr std::size_t kBlock = 64;

}  // namespace

EncoderWeights EncoderWeights::of_size(std::uint32_t vocabulary) {
  EncoderWeights weights;
  weights.table_rows = kVocabularyAt + vocabulary;
  weights.table.assign(weights.table_rows * kEncoderWidth, 0);
  for (EncoderLayer& layer : weights.layers) {
    layer.weights.assign(3 * kEncoderWidth * kSums, 0);
    layer.bias.assign(kSums, 0);
  }
  weights.head.assign(kEncoderWidth * kTagLanes, 0);
  weights.head_bias.assign(kTagLanes, 0);
  return weights;
}

void EncoderStretch::resize(std::size_t count) {
  tokens = count;
  state.assign((count + 2 * kEncoderMargin) * kEncoderWidth, 0);
}

void convolve(const EncoderLayer& layer, std::size_t dilation, const float* state,
              std::size_t tokens, float* sums) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  for (std::size_t i = 0; i < tokens; ++i)
    std::copy(layer.bias.begin(), layer.bias.end(), sums + i * kSums);
  for (std::size_t tap = 0; tap < 3; ++tap) {
    const float* from = state + (kEncoderMargin + tap * dilation - dilation) * kEncoderWidth;
    kernels.multiply_add(tokens, kSums, kEncoderWidth, from, kEncoderWidth,
                         layer.weights.data() + tap * kEncoderWidth * kSums, sums, kSums);
  }
}

void encode(const EncoderWeights& weights, EncoderStretch& stretch,
            std::vector<TagScores>& scores) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  const std::size_t tokens = stretch.tokens;
  stretch.sums.resize(std::max(stretch.sums.size(), tokens * kSums));
  for (std::size_t l = 0; l < kEncoderLayers; ++l) {
    for (std::size_t begin = 0; begin < tokens; begin += kBlock) {
      const std::size_t count = std::min(kBlock, tokens - begin);
      convolve(weights.layers[l], kEncoderDilations[l],
               stretch.state.data() + begin * kEncoderWidth, count,
               stretch.sums.data() + begin * kSums);
    }
    for (std::size_t i = 0; i < tokens; ++i)
      kernels.add_gated(kEncoderWidth, stretch.sums.data() + i * kSums, stretch.row(i));
  }
  scores.resize(tokens);
  if (tokens == 0) return;
  for (TagScores& row : scores)
    std::copy(weights.head_bias.begin(), weights.head_bias.end(), row.begin());
  kernels.multiply_add(tokens, kTagLanes, kEncoderWidth, stretch.row(0), kEncoderWidth,
                       weights.head.data(), scores.front().data(), kTagLanes);
}

}  // namespace residency::deid
