// Executor: runs one job somewhere and says how it ended. The local one starts a worker process, so
// that a crash never takes the caller down.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::pipeline {

class Executor {
 public:
  virtual ~Executor() = default;
  /// Runs `job`, already saved in the workspace; gives the ids of its outputs. While it runs,
  /// progress goes to `progress`; once that is cancelled, the job is asked to stop.
  virtual Result<std::vector<std::string>> run(const store::Job& job, Progress& progress) = 0;
};

/// Starts `program job-worker --workspace ROOT --job ID` as a child that dies with its parent.
class LocalExecutor final : public Executor {
 public:
  LocalExecutor(std::string program, std::string workspace_root)
      : program_(std::move(program)), workspace_root_(std::move(workspace_root)) {}
  Result<std::vector<std::string>> run(const store::Job& job, Progress& progress) override;

 private:
  std::string program_;
  std::string workspace_root_;
};

}  // namespace residency::pipeline
