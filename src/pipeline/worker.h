// Worker: the process that does one job.
#pragma once

#include <string>

#include "base/result.h"

namespace residency::pipeline {

/// Runs the saved job `job_id` of the workspace at `workspace_root`, tells its progress and its end
/// on `pipe_fd` (worker_protocol.h), and gives the process's exit status. Dies with its parent, and
/// SIGTERM makes it stop at the next safe point.
int run_worker(const std::string& workspace_root, const std::string& job_id, int pipe_fd);

}  // namespace residency::pipeline
