// Calibration: is a model right as often as it is sure?
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "eval/prediction.h"

namespace residency::eval {

/// Answers by confidence, in ten bins of equal width; bin i holds (i/10, (i+1)/10].
struct Calibration {
  static constexpr std::size_t kBins = 10;
  struct Bin {
    std::uint64_t items = 0;
    std::uint64_t correct = 0;
    double confidence = 0;  // summed
  };
  std::array<Bin, kBins> bins;

  std::uint64_t items() const;
  void add(double confidence, bool correct, std::uint64_t times);
  /// Expected calibration error (Naeini et al. 2015): the mean distance of accuracy from confidence
  /// over the bins, weighted by items; 0 without items.
  double error() const;

  Json to_json() const;
  /// An empty one where `json` is null. kInvalidInput where it is not what to_json() gives.
  static Result<Calibration> from_json(const Json& json);
};

/// The probability of the chosen answer among the choices: the largest of the softmax over the
/// log-probabilities; 0 where there are none.
double confidence_of(const Prediction& prediction);

/// Of the predictions that were asked and have log-probabilities.
Calibration calibrate(const std::vector<Prediction>& predictions);

}  // namespace residency::eval
