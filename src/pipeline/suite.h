// A suite of recipes: each benchmark's run, then one report over all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/env.h"
#include "base/progress.h"
#include "base/result.h"
#include "pipeline/executor.h"
#include "pipeline/recipe.h"
#include "pipeline/runner.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// A file that names recipes:
///   name: five
///   recipes:
///     - {name: medqa, path: medqa.yaml, metric: accuracy}
///   gate: {mean: {min_relative_improvement: 0.4}, none_worse: true}
struct Suite {
  struct Item {
    std::string name;
    Recipe recipe;
  };
  std::string name;
  std::string description;
  std::vector<Item> items;
  ConfigNode options;  // of the stage suite
};

/// True where the file at `path` is a suite, not a recipe. False where it cannot be read.
bool is_suite(Env& env, const std::string& path);

/// Reads the suite and all its recipes; each must have a gate. `overrides` are of
/// every recipe, or with a benchmark's name first ("bc5cdr.train.epochs=4") of one.
Result<Suite> load_suite(Env& env, const std::string& path,
                         const std::vector<std::string>& overrides);

/// Called before each benchmark.
using SuiteListener =
    std::function<void(const std::string& name, std::size_t number, std::size_t count)>;

/// Runs every recipe, then the stage suite over their reports; the id of its artifact. What was
/// done before is not done again. A gate that refuses one benchmark's model does not stop the
/// others.
Result<std::string> run_suite(store::Workspace& workspace, Executor& executor, const Suite& suite,
                              Progress& progress, const RunListener& steps,
                              const SuiteListener& benchmarks);

}  // namespace residency::pipeline
