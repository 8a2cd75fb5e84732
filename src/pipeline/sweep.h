// Sweep: one recipe's training under many options, compared by validation loss.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "pipeline/executor.h"
#include "store/workspace.h"

namespace residency::pipeline {

struct SweepOptions {
  std::string recipe;                  // a file
  std::vector<std::string> overrides;  // of every run: "train.epochs=2"
  std::vector<std::string> grid;       // "train.learning_rate=1e-4,3e-4": each list is an axis
  /// Successive halving (Jamieson and Talwalkar, Non-stochastic Best Arm Identification and
  /// Hyperparameter Optimization, AISTATS 2016): the first rung trains so many steps, each next one
  /// `halving_factor` times as many with the best 1/halving_factor of the points. 0: every point is
  /// trained to its end.
  std::int64_t halving_steps = 0;
  std::int64_t halving_factor = 2;
};

/// One point of the grid, as far as it was trained.
struct SweepPoint {
  std::vector<std::string> settings;  // "train.learning_rate=1e-4"
  std::int64_t rung = 0;              // the last it took part in, from 0
  std::int64_t steps = 0;
  std::optional<double> validation_loss;  // the best of its last rung
  std::string failure;                    // why it gave nothing; fixed text and numbers
  std::string artifact;                   // of its last rung
  double seconds = 0;                     // of all rungs, as far as they ran in this call
};

struct SweepResult {
  std::vector<SweepPoint> points;  // the best first; those that failed last

  Json to_json() const;
  std::string csv() const;
  /// A picture: a bar for each point, the best on top.
  std::string svg() const;
};

/// Calls back before each run.
using SweepListener =
    std::function<void(const SweepPoint& point, std::size_t number, std::size_t count)>;

/// Runs the recipe's steps up to its training for every point. What was trained before is not
/// trained again, what was interrupted goes on: the same call resumes a sweep. A point whose
/// training diverges or does not fit is kept with its failure. The caller holds the writer lock.
/// kInvalidArgument for a grid without points, over 1000 of them, or of settings that are not
/// train's; for a recipe without training or validation.
Result<SweepResult> run_sweep(store::Workspace& workspace, Executor& executor,
                              const SweepOptions& options, Progress& progress,
                              const SweepListener& listener);

}  // namespace residency::pipeline
