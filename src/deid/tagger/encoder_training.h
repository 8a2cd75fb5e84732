// EncoderTraining: gradients of the encoder and the steps of its optimiser.
#pragma once

#include <cstdint>
#include <vector>

#include "deid/tagger/encoder.h"
#include "deid/tagger/genre_maker.h"

namespace residency::deid {

/// Tokens of many texts, each text followed by kEncoderMargin gaps so that none sees another.
struct TrainTokens {
  static constexpr std::uint8_t kGap = 255;  // the label of a gap: neither read nor scored
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> row_begins;  // rows[row_begins[i], row_begins[i + 1])
  std::vector<std::uint32_t> rows;

  std::size_t size() const { return labels.size(); }
  void add(std::uint8_t label, const std::vector<std::uint32_t>& token_rows);
  void clear();
};

/// Gradients of all weights, the table's only where they are not zero.
struct EncoderGradients {
  EncoderWeights sums;
  std::vector<std::uint32_t> touched;  // rows of the table, each once
  std::vector<std::uint8_t> is_touched;
  double loss = 0;  // sum over the tokens of -log probability of the label
  std::uint64_t tokens = 0;

  explicit EncoderGradients(std::uint32_t vocabulary);
  void clear();
};

/// Adds the gradients of `batch`, each token's weighed by `scale`. Input values are hidden at
/// random (dropout of 15 %) by draws from `seed`. Equal calls give equal bits on one kind of
/// processor.
void add_gradients(const EncoderWeights& weights, const TrainTokens& batch, float scale,
                   std::uint64_t seed, EncoderGradients& gradients);

/// AdamW (Loshchilov and Hutter 2019); rows of the table are stepped only where they were touched.
class EncoderOptimiser {
 public:
  explicit EncoderOptimiser(std::uint32_t vocabulary);
  /// One step along the sum of `parts`, which is cleared.
  void step(EncoderWeights& weights, std::vector<EncoderGradients>& parts, float rate);

 private:
  EncoderWeights mean_;
  EncoderWeights square_;
  std::uint64_t steps_ = 0;
};

/// Small random weights.
EncoderWeights initial_weights(std::uint32_t vocabulary, TagRandom& random);

}  // namespace residency::deid
