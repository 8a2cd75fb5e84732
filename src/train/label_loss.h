// LabelLoss: the loss of a label head and its gradients, in fp32.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataset/packing.h"
#include "train/adapter_layout.h"

namespace residency::train {

class LabelLoss {
 public:
  explicit LabelLoss(HeadPlace place) : place_(place) {}

  const HeadPlace& place() const { return place_; }

  /// Takes the head's values out of all that is trained.
  void set_values(std::span<const float> values);

  /// The losses at `rows` of the sequence, whose last norms' outputs are `x` [rows, width]:
  /// cross-entropy over the labels, or (kLabels) the sum of each label's binary one. With a
  /// `gradient` (of all that is trained) adds weight times the head's own to it, and fills `dx`
  /// [rows, width] with the outputs'. `weights` of places may be empty: all 1.
  std::vector<float> losses(const dataset::PackedSequence& sequence,
                            const std::vector<std::int64_t>& rows, std::span<const float> x,
                            float weight, const std::vector<float>& weights, float* gradient,
                            std::span<float> dx);

  /// Log-probabilities [rows, labels] of the labels; of each label being there (kLabels).
  std::vector<float> log_scores(std::span<const float> x) const;

 private:
  void row_scores(const float* x, float* scores) const;
  float softmax_loss(std::int32_t target, float weight, float* scores) const;
  float sigmoid_loss(const std::vector<std::int32_t>& set, float weight, float* scores) const;
  void add_gradient(std::span<const float> x, const std::vector<float>& dscores, std::int64_t rows,
                    float* gradient, std::span<float> dx) const;

  HeadPlace place_;
  std::vector<float> values_;  // weight, then bias
};

}  // namespace residency::train
