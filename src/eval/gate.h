// gate(): may the tuned model go on?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/json.h"
#include "base/result.h"
#include "eval/compare.h"

namespace residency::eval {

/// One demand on one metric; at least one of the bounds is set.
struct GateThreshold {
  std::string metric;
  std::optional<double> min_absolute;
  std::optional<double> max_absolute;              // for rates of which less is better
  std::optional<double> min_relative_improvement;  // 0.4: at least 40 % better than the base
  bool not_worse_than_base = false;
};

struct GateOptions {
  std::vector<GateThreshold> thresholds;
  std::int64_t resamples = 1000;  // of the comparison
  std::uint64_t seed = 0;

  static Result<GateOptions> from_config(const ConfigNode& node);
  std::string canonical_json() const;
};

/// One bound, and whether it held.
struct GateCheck {
  std::string metric;
  std::string demand;  // "at least 0.3"
  bool passed = false;
  std::string reason;  // "micro_f1 is 0.21, demanded at least 0.3"
};

struct GateDecision {
  bool passed = false;
  std::vector<GateCheck> checks;

  std::vector<std::string> reasons() const;  // of the checks that failed
  /// {"passed":…,"checks":[…],"reasons":[…]}
  Json to_json() const;
  static Result<GateDecision> from_json(const Json& json);
};

/// Every threshold must hold. A relative improvement over a base of 0 holds where the tuned model
/// scores above 0; for rates of which less is better, improvement is a fall. kInvalidArgument,
/// listing the metrics, where a threshold names one that the task does not have.
Result<GateDecision> gate(const GateOptions& options, const Comparison& comparison);

}  // namespace residency::eval
