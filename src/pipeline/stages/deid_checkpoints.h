// DeidCheckpoints over the workspace's state: a killed de-identification goes on from the last one.
#pragma once

#include <chrono>
#include <string>

#include "deid/deid.h"
#include "deid/transform/crosswalk_vault.h"
#include "store/workspace.h"

namespace residency::pipeline {

/// Takes the lines that the sinks write, and keeps them with the crosswalk and the report in
/// encrypted states of the job. A checkpoint counts only while the workspace's own crosswalk is
/// what it was when the job began: if another job has added patients meanwhile, the job starts
/// anew.
class StateDeidCheckpoints final : public deid::DeidCheckpoints {
 public:
  /// `crosswalk_before` is the workspace's crosswalk as the job found it. With a `vault`, which
  /// must outlive this, the crosswalk is kept under the vault's key: whoever has the store's keys
  /// alone can't read it.
  static Result<StateDeidCheckpoints> open(store::Workspace& workspace, const std::string& job,
                                           std::string_view crosswalk_before,
                                           const deid::CrosswalkVault* vault = nullptr);

  /// The crosswalk as the last checkpoint left it; `crosswalk_before` where there is none.
  const std::string& crosswalk_state() const { return crosswalk_state_; }
  /// Writes what earlier runs of the job took, in order.
  Result<void> replay(LineSink& clean, LineSink& aside);
  /// The crosswalk that save() keeps. Must outlive this.
  void watch(const deid::Crosswalk& crosswalk) { crosswalk_ = &crosswalk; }

  void took_clean(std::string_view line) { take(clean_, line); }
  void took_aside(std::string_view line) { take(aside_, line); }

  Result<std::optional<deid::DeidProgress>> last() override;
  bool due() const override;
  Result<void> save(const deid::DeidProgress& progress) override;
  Result<void> remove_all();

 private:
  StateDeidCheckpoints(store::Workspace& workspace, const std::string& job,
                       std::string_view crosswalk_before);
  static void take(std::string& lines, std::string_view line) { lines.append(line) += '\n'; }
  std::string part(std::string_view what, std::uint64_t number) const;
  Result<void> replay_part(std::string_view what, std::uint64_t number, LineSink& to);

  using Clock = std::chrono::steady_clock;
  store::Workspace& workspace_;
  std::string prefix_;
  std::string before_sha256_;
  std::string crosswalk_state_;
  const deid::CrosswalkVault* vault_ = nullptr;
  const deid::Crosswalk* crosswalk_ = nullptr;
  std::optional<deid::DeidProgress> last_;
  std::uint64_t parts_ = 0;
  std::string clean_, aside_;  // lines since the last save
  Clock::time_point saved_ = Clock::now();
  Clock::duration cost_{};  // of the last save
};

}  // namespace residency::pipeline
