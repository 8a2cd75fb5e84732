// Runner: takes a plan through to its end, one job at a time, and takes up again where it was.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "pipeline/executor.h"
#include "pipeline/recipe.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// How one step ended.
struct StepOutcome {
  std::string step;
  std::string job;
  bool reused = false;               // it was done before: nothing was run
  std::vector<std::string> outputs;  // artifact ids
  double seconds = 0;                // of this run; 0 where reused
};

struct RunOutcome {
  std::vector<StepOutcome> steps;
  /// Outputs by step name.
  const std::vector<std::string>* outputs_of(std::string_view step) const;
};

/// What a caller hears while the plan runs.
struct RunListener {
  /// Before each step; `index` from 1.
  std::function<void(const Step&, std::size_t index, std::size_t count)> started;
  std::function<void(const StepOutcome&)> ended;
};

/// The key of a job: equal for equal stage, stage version, options, inputs and outside sources.
Result<std::string> job_key(store::Workspace& workspace, const Step& step,
                            const std::vector<std::string>& inputs);

/// Runs every step that is not done yet. The caller holds the writer lock. The first failing step
/// ends the run with its error; steps done before stay done.
Result<RunOutcome> run_steps(store::Workspace& workspace, Executor& executor,
                             const std::vector<Step>& steps, Progress& progress,
                             const RunListener& listener);

/// Runs one step on given input artifacts (a stage's own subcommand).
Result<StepOutcome> run_step(store::Workspace& workspace, Executor& executor, const Step& step,
                             const std::vector<std::string>& inputs, Progress& progress);

}  // namespace residency::pipeline
