// pipeline: recipes and stages as jobs.
// Takes: a recipe or one step, a workspace, the id of a job. Gives: artifacts, each made by a job
// in a process of its own, and the way back to where an interrupted run was.
// Keeps: jobs in the workspace's database; a killed job is found again by its key.
// Must never: do a stage's work itself, or show record text in progress or errors.
#pragma once

#include "pipeline/executor.h"
#include "pipeline/recipe.h"
#include "pipeline/runner.h"
#include "pipeline/stage.h"
#include "pipeline/worker.h"
