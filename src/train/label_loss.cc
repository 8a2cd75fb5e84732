#include "train/label_loss.h"

#include <algorithm>
#include <cmath>

#include "train/parallel.h"

namespace residency::train {
namespace {

/// log(1 + exp(x)), without overflow.
float softplus(float x) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

void LabelLoss::set_values(std::span<const float> values) {
  const auto begin = values.begin() + place_.offset;
  values_.assign(begin, begin + place_.labels * (place_.width + 1));
}

void LabelLoss::row_scores(const float* x, float* scores) const {
  const float* bias = values_.data() + place_.labels * place_.width;
  for (std::int64_t label = 0; label < place_.labels; ++label) {
    const float* row = values_.data() + label * place_.width;
    float sum = 0;
    for (std::int64_t i = 0; i < place_.width; ++i) sum += row[i] * x[i];
    scores[label] = sum + bias[label];
  }
}

/// Turns scores into their gradient.
float LabelLoss::softmax_loss(std::int32_t target, float weight, float* scores) const {
  const float largest = *std::max_element(scores, scores + place_.labels);
  double sum = 0;
  for (std::int64_t i = 0; i < place_.labels; ++i)
    sum += std::exp(static_cast<double>(scores[i] - largest));
  const float total = largest + static_cast<float>(std::log(sum));
  const float loss = total - scores[target];
  for (std::int64_t i = 0; i < place_.labels; ++i)
    scores[i] = weight * (std::exp(scores[i] - total) - (i == target ? 1.0f : 0.0f));
  return loss;
}

float LabelLoss::sigmoid_loss(const std::vector<std::int32_t>& set, float weight,
                              float* scores) const {
  double loss = 0;
  for (std::int64_t i = 0; i < place_.labels; ++i) {
    const bool there = std::find(set.begin(), set.end(), static_cast<std::int32_t>(i)) != set.end();
    loss += static_cast<double>(softplus(there ? -scores[i] : scores[i]));
    scores[i] = weight * (1.0f / (1.0f + std::exp(-scores[i])) - (there ? 1.0f : 0.0f));
  }
  return static_cast<float>(loss);
}

void LabelLoss::add_gradient(std::span<const float> x, const std::vector<float>& dscores,
                             std::int64_t rows, float* gradient, std::span<float> dx) const {
  const std::int64_t n = place_.width;
  const auto score = [&](std::int64_t row, std::int64_t label) {
    return dscores[static_cast<std::size_t>(row * place_.labels + label)];
  };
  parallel_for(rows, [&](std::int64_t row, std::int64_t) {
    float* to = dx.data() + row * n;
    std::fill_n(to, n, 0.0f);
    for (std::int64_t label = 0; label < place_.labels; ++label) {
      const float factor = score(row, label);
      if (factor == 0) continue;
      const float* weight = values_.data() + label * n;
      for (std::int64_t i = 0; i < n; ++i) to[i] += factor * weight[i];
    }
  });
  parallel_for(place_.labels, [&](std::int64_t label, std::int64_t) {
    float* to = gradient + place_.offset + label * n;
    float sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const float factor = score(row, label);
      sum += factor;
      if (factor == 0) continue;
      const float* from = x.data() + row * n;
      for (std::int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
    }
    gradient[place_.bias_offset() + label] += sum;
  });
}

std::vector<float> LabelLoss::losses(const dataset::PackedSequence& sequence,
                                     const std::vector<std::int64_t>& rows,
                                     std::span<const float> x, float weight,
                                     const std::vector<float>& weights, float* gradient,
                                     std::span<float> dx) {
  const auto count = static_cast<std::int64_t>(rows.size());
  std::vector<float> scores(rows.size() * static_cast<std::size_t>(place_.labels));
  std::vector<float> losses(rows.size());
  const auto& starts = sequence.segment_starts;
  parallel_for(count, [&](std::int64_t i, std::int64_t) {
    const auto at = static_cast<std::size_t>(i);
    const auto row = static_cast<std::size_t>(rows[at]);
    float* own = scores.data() + i * place_.labels;
    const float scaled = weights.empty() ? weight : weight * weights[row];
    row_scores(x.data() + i * place_.width, own);
    if (place_.kind != model::HeadKind::kLabels) {
      losses[at] = softmax_loss(sequence.targets[row], scaled, own);
      return;
    }
    const auto after = std::upper_bound(starts.begin(), starts.end(), row);
    const auto segment = static_cast<std::size_t>(after - starts.begin()) - 1;
    losses[at] = sigmoid_loss(sequence.label_sets[segment], scaled, own);
  });
  if (gradient != nullptr) add_gradient(x, scores, count, gradient, dx);
  return losses;
}

std::vector<float> LabelLoss::log_scores(std::span<const float> x) const {
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / place_.width;
  std::vector<float> scores(static_cast<std::size_t>(rows * place_.labels));
  parallel_for(rows, [&](std::int64_t row, std::int64_t) {
    float* own = scores.data() + row * place_.labels;
    row_scores(x.data() + row * place_.width, own);
    if (place_.kind == model::HeadKind::kLabels) {
      for (std::int64_t i = 0; i < place_.labels; ++i) own[i] = -softplus(-own[i]);
      return;
    }
    const float largest = *std::max_element(own, own + place_.labels);
    double sum = 0;
    for (std::int64_t i = 0; i < place_.labels; ++i)
      sum += std::exp(static_cast<double>(own[i] - largest));
    const float total = largest + static_cast<float>(std::log(sum));
    for (std::int64_t i = 0; i < place_.labels; ++i) own[i] -= total;
  });
  return scores;
}

}  // namespace residency::train
