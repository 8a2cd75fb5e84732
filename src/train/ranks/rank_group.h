// RankGroup: the processes that train one model together, and what they tell each other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::train {

class RankGroup {
 public:
  virtual ~RankGroup() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Every rank's `values`, which are equally many, one rank after the other. All ranks call it in
  /// the same order. kIoError where another rank ended or did not answer in time.
  virtual Result<std::vector<float>> gather(std::span<const float> values) = 0;
  virtual Result<std::vector<double>> gather(std::span<const double> values) = 0;

  /// Rank 0's text on every rank, by name.
  virtual Result<std::string> share(std::string_view name, const std::string& text) = 0;
};

/// Where a rank stands and where rank 0 listens.
struct RankAddress {
  int rank = 0;
  int size = 1;
  std::string host = "127.0.0.1";
  int port = 0;            // rank 0: 0 for one that is free
  int timeout_s = 600;     // of every wait for the others
  int join_timeout_s = 0;  // of the first; 0: the same
};

inline constexpr int kRanksMax = 1024;

/// The address in an environment as torchrun sets it (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT)
/// or Slurm's srun (SLURM_PROCID, SLURM_NTASKS with MASTER_ADDR, MASTER_PORT); nothing where there
/// is neither, or one rank alone. RESIDENCY_RANK_TIMEOUT_S sets timeout_s. kInvalidArgument, naming
/// the variable, for values that are none. `variable` gives a variable's value or null.
Result<std::optional<RankAddress>> rank_address(
    const std::function<const char*(const char*)>& variable);

/// Joins the ranks of `address` over Gloo; `started` is called on rank 0 with the port as soon as
/// it listens. The ranks' network must be private: nothing on it is encrypted, and whoever reaches
/// the port can join. kIoError where not all ranks come within the timeout.
Result<std::unique_ptr<RankGroup>> join_ranks(const RankAddress& address,
                                              const std::function<Result<void>(int)>& started);

/// kFailedPrecondition naming the rank where `digest` is not rank 0's: ranks must hold the same
/// data, base model and options.
Result<void> agree(RankGroup& ranks, std::string_view digest, std::string_view what);

}  // namespace residency::train
