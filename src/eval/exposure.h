// Exposure: how much a model gives away the canaries of its training set (Carlini et al., "The
// Secret Sharer", 2019).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "dataset/canaries.h"
#include "eval/statistics.h"
#include "infer/engine.h"

namespace residency::eval {

struct ExposureOptions {
  std::size_t candidates = 511;  // secrets of the same form that each canary is ranked among
  std::uint64_t seed = 0;
  int tokens_max = 24;  // of the attempt to extract
};

struct CanaryExposure {
  std::size_t rank = 0;    // 1: the likeliest of all
  double exposure = 0;     // bits: log2(candidates + 1) - log2(rank)
  bool extracted = false;  // said without being shown any of it
};

struct ExposureReport {
  std::vector<CanaryExposure> canaries;  // in the given order
  double exposure_max_possible = 0;

  /// "canary_exposure" (mean, bits), "canary_exposure_max", "canary_extracted" (share).
  std::map<std::string, Metric> metrics() const;
};

/// Ranks each secret's log-probability after its prompt, and lets the model answer the prompt.
/// A model that never saw the canaries has an exposure of about 1.44 bits in the mean.
Result<ExposureReport> measure_exposure(infer::Engine& engine,
                                        const std::vector<dataset::Canary>& canaries,
                                        const ExposureOptions& options, Progress& progress);

}  // namespace residency::eval
