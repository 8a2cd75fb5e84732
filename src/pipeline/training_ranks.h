// TrainingRanks: the processes that train one job together, started here or from outside.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "train/ranks/rank_group.h"

namespace residency::pipeline {

/// The variable by which `--ranks N` reaches the worker.
inline constexpr const char* kRanksVariable = "RESIDENCY_TRAIN_RANKS";

class TrainingRanks {
 public:
  TrainingRanks() = default;
  /// Ends ranks that were started here and still run.
  ~TrainingRanks();
  TrainingRanks(const TrainingRanks&) = delete;
  TrainingRanks& operator=(const TrainingRanks&) = delete;

  /// Rank 0 of the job: joins the ranks that torchrun or Slurm started, or starts
  /// RESIDENCY_TRAIN_RANKS
  /// - 1 more of this program on this machine; alone where neither is asked for.
  static Result<std::unique_ptr<TrainingRanks>> lead(const std::string& workspace_root,
                                                     const std::string& job);
  /// Another rank: joins rank 0, which says the job.
  static Result<std::unique_ptr<TrainingRanks>> follow();

  /// Null where there is one rank alone.
  train::RankGroup* group() { return group_.get(); }
  const std::string& job() const { return job_; }
  /// Threads for each rank of this machine, where the options don't say; 0: as one rank alone.
  std::int64_t threads() const { return threads_; }

 private:
  Result<void> start_others(const std::string& workspace_root, int ranks, int port);

  std::unique_ptr<train::RankGroup> group_;
  std::string job_;
  std::int64_t threads_ = 0;
  std::vector<pid_t> children_;
};

/// What `residency train follow` does: joins rank 0 and trains its job with it. Rank 0 keeps the
/// job's records; this process writes nothing.
Result<void> follow_training(const std::string& workspace_root);

}  // namespace residency::pipeline
