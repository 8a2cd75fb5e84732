// Preference: what pairs of answers, one judged better than the other, ask of their likelihoods.
#pragma once

#include <cstdint>

#include "train/train_options.h"

namespace residency::train {

/// One pair: sums of -log p over each answer's tokens.
struct PairLosses {
  double chosen = 0;
  double rejected = 0;
};

/// What the objective makes of a pair, and its derivatives by the two sums.
struct PairGradient {
  double loss = 0;
  double by_chosen = 0;
  double by_rejected = 0;
};

/// Rafailov et al., Direct Preference Optimization, NeurIPS 2023: -log sigmoid(beta (how much more
/// likely than by the reference the chosen answer is, less the same of the rejected one)).
PairGradient dpo(const PairLosses& policy, const PairLosses& reference, double beta);

/// Hong et al., ORPO: Monolithic Preference Optimization without Reference Model, EMNLP 2024: the
/// chosen answer's mean -log p plus weight * -log sigmoid(log odds ratio), odds by the mean
/// likelihood of a token. The answers have `chosen_tokens` and `rejected_tokens` tokens with loss.
PairGradient orpo(const PairLosses& policy, std::int64_t chosen_tokens,
                  std::int64_t rejected_tokens, double weight);

/// Ethayarajh et al., KTO: Model Alignment as Prospect Theoretic Optimization, ICML 2024: one
/// answer against how far the policy has moved from the reference on the whole, `moved` (the
/// estimate of their divergence, never below 0). by_chosen is the derivative by the answer's sum.
PairGradient kto(double policy, double reference, double moved, bool desirable, double beta);

}  // namespace residency::train
