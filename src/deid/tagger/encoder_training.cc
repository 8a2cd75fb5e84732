#include "deid/tagger/encoder_training.h"

#include <algorithm>
#include <cmath>

#include "deid/tagger/encoder_kernels.h"

namespace residency::deid {
namespace {

constexpr std::size_t kSums = 2 * kEncoderWidth;
constexpr float kBeta1 = 0.9f, kBeta2 = 0.99f, kEpsilon = 1e-8f, kDecay = 0.01f;
constexpr std::uint32_t kDropout = 38;  // of 256

/// [rows][columns] to [columns][rows].
void transpose(const float* from, std::size_t rows, std::size_t columns, float* to) {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  }
}

/// Activations of a batch that backward needs.
struct Pass {
  std::size_t tokens;
  std::size_t padded;                      // with the margins
  std::vector<std::vector<float>> states;  // what each layer reads, then what the head reads
  std::vector<std::vector<float>> sums;

  explicit Pass(std::size_t count)
      : tokens(count),
        padded(count + 2 * kEncoderMargin),
        states(kEncoderLayers + 1, std::vector<float>(padded * kEncoderWidth, 0)),
        sums(kEncoderLayers, std::vector<float>(count * kSums)) {}
  static float* row(std::vector<float>& state, std::size_t token) {
    return state.data() + (token + kEncoderMargin) * kEncoderWidth;
  }
};

/// Whether each value of a token is kept; the same in both directions.
struct Mask {
  std::uint64_t seed;
  float keep(std::size_t token, std::size_t j) const {
    std::uint64_t z = seed + 0x9e3779b97f4a7c15ull * (token * (kEncoderWidth / 8) + j / 8 + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    return ((z >> (8 * (j % 8))) & 0xFF) < kDropout ? 0.0f : 256.0f / (256.0f - kDropout);
  }
};

void clear_gaps(const TrainTokens& batch, std::vector<float>& state) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch.labels[i] == TrainTokens::kGap) std::fill_n(Pass::row(state, i), kEncoderWidth, 0.0f);
  }
}

void forward(const EncoderWeights& weights, const TrainTokens& batch, const Mask& mask,
             Pass& pass) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    float* to = Pass::row(pass.states[0], i);
    for (std::uint32_t r = batch.row_begins[i]; r < batch.row_begins[i + 1]; ++r) {
      const float* from = weights.table.data() + std::size_t{batch.rows[r]} * kEncoderWidth;
      for (std::size_t j = 0; j < kEncoderWidth; ++j) to[j] += from[j];
    }
    for (std::size_t j = 0; j < kEncoderWidth; ++j) to[j] *= mask.keep(i, j);
  }
  for (std::size_t l = 0; l < kEncoderLayers; ++l) {
    convolve(weights.layers[l], kEncoderDilations[l], pass.states[l].data(), pass.tokens,
             pass.sums[l].data());
    pass.states[l + 1] = pass.states[l];
    for (std::size_t i = 0; i < pass.tokens; ++i)
      kernels.add_gated(kEncoderWidth, pass.sums[l].data() + i * kSums,
                        Pass::row(pass.states[l + 1], i));
    clear_gaps(batch, pass.states[l + 1]);
  }
}

/// The gradient of the scores; adds the head's and gives the last state's.
void backward_head(const EncoderWeights& weights, const TrainTokens& batch, float scale, Pass& pass,
                   EncoderGradients& gradients, std::vector<float>& state_gradient) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  const std::size_t n = pass.tokens;
  std::vector<TagScores> scores(n);
  for (TagScores& row : scores)
    std::copy(weights.head_bias.begin(), weights.head_bias.end(), row.begin());
  float* last = Pass::row(pass.states[kEncoderLayers], 0);
  kernels.multiply_add(n, kTagLanes, kEncoderWidth, last, kEncoderWidth, weights.head.data(),
                       scores.front().data(), kTagLanes);
  for (std::size_t i = 0; i < n; ++i) {
    TagScores& row = scores[i];
    if (batch.labels[i] == TrainTokens::kGap) {
      row.fill(0);
      continue;
    }
    const float score = row[batch.labels[i]];
    gradients.loss += static_cast<double>(softmax(row) - score);
    ++gradients.tokens;
    row[batch.labels[i]] -= 1.0f;
    for (std::size_t l = 0; l < kTagLanes; ++l) row[l] = l < kTagLabels ? row[l] * scale : 0.0f;
    for (std::size_t l = 0; l < kTagLanes; ++l) gradients.sums.head_bias[l] += row[l];
  }
  std::vector<float> turned(n * kEncoderWidth);
  transpose(last, n, kEncoderWidth, turned.data());
  kernels.multiply_add(kEncoderWidth, kTagLanes, n, turned.data(), n, scores.front().data(),
                       gradients.sums.head.data(), kTagLanes);
  std::vector<float> head(kEncoderWidth * kTagLanes);
  transpose(weights.head.data(), kEncoderWidth, kTagLanes, head.data());
  kernels.multiply_add(n, kEncoderWidth, kTagLanes, scores.front().data(), kTagLanes, head.data(),
                       Pass::row(state_gradient, 0), kEncoderWidth);
}

void backward_layer(const EncoderLayer& layer, std::size_t dilation, const TrainTokens& batch,
                    std::vector<float>& state, std::vector<float>& sums, EncoderLayer& gradient,
                    std::vector<float>& state_gradient) {
  const EncoderKernels& kernels = EncoderKernels::of_this_machine();
  const std::size_t n = batch.size();
  const std::size_t padded = n + 2 * kEncoderMargin;
  std::vector<float> sums_gradient(n * kSums, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (batch.labels[i] == TrainTokens::kGap) continue;
    float* row = sums_gradient.data() + i * kSums;
    kernels.gate_gradient(kEncoderWidth, sums.data() + i * kSums, Pass::row(state_gradient, i),
                          row);
    for (std::size_t j = 0; j < kSums; ++j) gradient.bias[j] += row[j];
  }
  std::vector<float> turned(padded * kEncoderWidth);
  transpose(state.data(), padded, kEncoderWidth, turned.data());
  std::vector<float> weights(kEncoderWidth * kSums);
  for (std::size_t tap = 0; tap < 3; ++tap) {
    const std::size_t shift = kEncoderMargin + tap * dilation - dilation;
    float* tap_gradient = gradient.weights.data() + tap * kEncoderWidth * kSums;
    kernels.multiply_add(kEncoderWidth, kSums, n, turned.data() + shift, padded,
                         sums_gradient.data(), tap_gradient, kSums);
    transpose(layer.weights.data() + tap * kEncoderWidth * kSums, kEncoderWidth, kSums,
              weights.data());
    kernels.multiply_add(n, kEncoderWidth, kSums, sums_gradient.data(), kSums, weights.data(),
                         state_gradient.data() + shift * kEncoderWidth, kEncoderWidth);
  }
  clear_gaps(batch, state_gradient);
}

void adam(std::vector<float>& weights, const std::vector<EncoderGradients>& parts,
          const std::vector<float>& (*of)(const EncoderWeights&, std::size_t), std::size_t layer,
          std::vector<float>& mean, std::vector<float>& square, float rate, float decay,
          std::size_t begin, std::size_t end, float correct1, float correct2) {
  for (std::size_t i = begin; i < end; ++i) {
    float gradient = 0;
    for (const EncoderGradients& part : parts) gradient += of(part.sums, layer)[i];
    mean[i] = kBeta1 * mean[i] + (1 - kBeta1) * gradient;
    square[i] = kBeta2 * square[i] + (1 - kBeta2) * gradient * gradient;
    weights[i] -= rate * (correct1 * mean[i] / (std::sqrt(correct2 * square[i]) + kEpsilon) +
                          decay * weights[i]);
  }
}

}  // namespace

void TrainTokens::add(std::uint8_t label, const std::vector<std::uint32_t>& token_rows) {
  if (row_begins.empty()) row_begins.push_back(0);
  labels.push_back(label);
  rows.insert(rows.end(), token_rows.begin(), token_rows.end());
  row_begins.push_back(static_cast<std::uint32_t>(rows.size()));
}

void TrainTokens::clear() {
  labels.clear();
  row_begins.clear();
  rows.clear();
}

EncoderGradients::EncoderGradients(std::uint32_t vocabulary)
    : sums(EncoderWeights::of_size(vocabulary)), is_touched(sums.table_rows, 0) {}

void EncoderGradients::clear() {
  for (const std::uint32_t row : touched) {
    std::fill_n(sums.table.begin() + static_cast<std::ptrdiff_t>(std::size_t{row} * kEncoderWidth),
                kEncoderWidth, 0.0f);
    is_touched[row] = 0;
  }
  touched.clear();
  for (EncoderLayer& layer : sums.layers) {
    std::fill(layer.weights.begin(), layer.weights.end(), 0.0f);
    std::fill(layer.bias.begin(), layer.bias.end(), 0.0f);
  }
  std::fill(sums.head.begin(), sums.head.end(), 0.0f);
  std::fill(sums.head_bias.begin(), sums.head_bias.end(), 0.0f);
  loss = 0;
  tokens = 0;
}

void add_gradients(const EncoderWeights& weights, const TrainTokens& batch, float scale,
                   std::uint64_t seed, EncoderGradients& gradients) {
  if (batch.size() == 0) return;
  const Mask mask{seed};
  Pass pass(batch.size());
  forward(weights, batch, mask, pass);
  std::vector<float> state_gradient(pass.padded * kEncoderWidth, 0);
  backward_head(weights, batch, scale, pass, gradients, state_gradient);
  for (std::size_t l = kEncoderLayers; l-- > 0;)
    backward_layer(weights.layers[l], kEncoderDilations[l], batch, pass.states[l], pass.sums[l],
                   gradients.sums.layers[l], state_gradient);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch.labels[i] == TrainTokens::kGap) continue;
    float* row = Pass::row(state_gradient, i);
    for (std::size_t j = 0; j < kEncoderWidth; ++j) row[j] *= mask.keep(i, j);
    for (std::uint32_t r = batch.row_begins[i]; r < batch.row_begins[i + 1]; ++r) {
      const std::uint32_t id = batch.rows[r];
      if (gradients.is_touched[id] == 0) {
        gradients.is_touched[id] = 1;
        gradients.touched.push_back(id);
      }
      float* to = gradients.sums.table.data() + std::size_t{id} * kEncoderWidth;
      for (std::size_t j = 0; j < kEncoderWidth; ++j) to[j] += row[j];
    }
  }
}

EncoderOptimiser::EncoderOptimiser(std::uint32_t vocabulary)
    : mean_(EncoderWeights::of_size(vocabulary)), square_(EncoderWeights::of_size(vocabulary)) {}

void EncoderOptimiser::step(EncoderWeights& weights, std::vector<EncoderGradients>& parts,
                            float rate) {
  ++steps_;
  const auto power = [&](double base) { return std::pow(base, static_cast<double>(steps_)); };
  const auto correct1 = static_cast<float>(1 / (1 - power(static_cast<double>(kBeta1))));
  const auto correct2 = static_cast<float>(1 / (1 - power(static_cast<double>(kBeta2))));
  const auto whole = [&](auto of, std::size_t layer, std::vector<float>& values,
                         std::vector<float>& mean, std::vector<float>& square, float decay) {
    adam(values, parts, of, layer, mean, square, rate, decay, 0, values.size(), correct1, correct2);
  };
  for (std::size_t l = 0; l < kEncoderLayers; ++l) {
    whole([](const EncoderWeights& w,
             std::size_t i) -> const std::vector<float>& { return w.layers[i].weights; },
          l, weights.layers[l].weights, mean_.layers[l].weights, square_.layers[l].weights, kDecay);
    whole([](const EncoderWeights& w,
             std::size_t i) -> const std::vector<float>& { return w.layers[i].bias; },
          l, weights.layers[l].bias, mean_.layers[l].bias, square_.layers[l].bias, 0);
  }
  whole([](const EncoderWeights& w, std::size_t) -> const std::vector<float>& { return w.head; }, 0,
        weights.head, mean_.head, square_.head, kDecay);
  whole(
      [](const EncoderWeights& w, std::size_t) -> const std::vector<float>& { return w.head_bias; },
      0, weights.head_bias, mean_.head_bias, square_.head_bias, 0);
  std::vector<std::uint8_t> done(weights.table_rows, 0);
  for (const EncoderGradients& part : parts) {
    for (const std::uint32_t row : part.touched) {
      if (done[row] != 0) continue;
      done[row] = 1;
      adam(
          weights.table, parts,
          [](const EncoderWeights& w, std::size_t) -> const std::vector<float>& { return w.table; },
          0, mean_.table, square_.table, rate, 0, std::size_t{row} * kEncoderWidth,
          (std::size_t{row} + 1) * kEncoderWidth, correct1, correct2);
    }
  }
  for (EncoderGradients& part : parts) part.clear();
}

EncoderWeights initial_weights(std::uint32_t vocabulary, TagRandom& random) {
  EncoderWeights weights = EncoderWeights::of_size(vocabulary);
  const auto fill = [&](std::vector<float>& values, float size) {
    for (float& value : values)
      value = size * (static_cast<float>(random.below(20001)) / 10000.0f - 1.0f);
  };
  fill(weights.table, 0.1f);
  for (EncoderLayer& layer : weights.layers)
    fill(layer.weights, std::sqrt(3.0f / (3.0f * static_cast<float>(kEncoderWidth))));
  fill(weights.head, 0.1f);
  return weights;
}

}  // namespace residency::deid
