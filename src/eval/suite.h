// Suite: several benchmarks of one kind of model, their mean, and one decision over all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/json.h"
#include "base/result.h"
#include "eval/eval_report.h"
#include "eval/gate.h"

namespace residency::eval {

/// The demands on all benchmarks together.
struct SuiteOptions {
  std::vector<std::string> names;    // of the benchmarks
  std::vector<std::string> metrics;  // that stands for each; "": its report's headline
  std::optional<double> mean_min_absolute;
  std::optional<double> mean_min_relative_improvement;
  bool none_worse = true;  // no benchmark's tuned score below its base's
  bool gates_pass = true;  // every benchmark's own gate
  std::int64_t resamples = 1000;
  std::uint64_t seed = 0;

  static Result<SuiteOptions> from_config(const ConfigNode& node);
};

/// A benchmark's two models, predictions included, and what its own gate said.
struct SuiteEntry {
  std::string report;  // artifact
  ModelScores base;
  ModelScores tuned;
  GateDecision gate;
};

struct SuiteReport {
  struct Row {
    std::string name;
    std::string metric;
    std::string report;
    std::uint64_t items = 0;
    bool official = false;
    bool gate_passed = false;
    Metric base, tuned, difference;
    std::optional<double> relative;
  };
  std::vector<Row> rows;
  Metric base, tuned, difference;  // of the mean
  Metric relative;                 // improvement of the mean over the base's
  GateDecision gate;

  Json to_json() const;
  static Result<SuiteReport> from_json(const Json& json);
};

/// Intervals are of a bootstrap that resamples each benchmark's items by themselves, both models
/// alike. kInvalidArgument where a metric is not there or is one of which less is better.
Result<SuiteReport> make_suite(const SuiteOptions& options, const std::vector<SuiteEntry>& entries);

/// A table for a terminal.
std::string render_table(const SuiteReport& report);

}  // namespace residency::eval
