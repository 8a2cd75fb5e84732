// Recipe: the whole flow in one YAML file. One key per stage, in the order of the flow; a stage
// that is missing is not run.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "base/env.h"
#include "base/result.h"

namespace residency::pipeline {

/// One step of the flow: a stage, its options, and the earlier steps whose artifacts it takes.
struct Step {
  std::string name;                 // unique in the plan: "ingest", "eval-base", ...
  std::string stage;                // a row of the stage table
  ConfigNode options;               // with paths made absolute
  std::vector<std::string> inputs;  // names of earlier steps
};

struct Recipe {
  std::string name;
  std::string description;
  std::vector<Step> steps;  // in an order that runs
};

/// Reads and checks a recipe. `overrides` are "train.epochs=2" pairs. Relative paths in it are
/// relative to the recipe's folder; "synth:fhir/ndjson" means the synth step's output folder.
/// Every unknown key and every bad value is reported at once, with its line.
Result<Recipe> load_recipe(Env& env, const std::string& path,
                           const std::vector<std::string>& overrides);

/// The same from text; `directory` is what relative paths are relative to.
Result<Recipe> parse_recipe(std::string_view yaml, const std::string& name,
                            const std::string& directory,
                            const std::vector<std::string>& overrides);

}  // namespace residency::pipeline
