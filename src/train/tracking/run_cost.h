// RunCost: what a training took of the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace residency::train {

struct RunCost {
  double wall_hours = 0;
  double cpu_hours = 0;  // user and system time of this process
  std::uint64_t peak_rss_bytes = 0;
  std::optional<double> energy_wh;  // where the machine tells it (RAPL)

  /// `usd_per_hour` times the wall hours.
  double money_usd(double usd_per_hour) const { return wall_hours * usd_per_hour; }
  /// Adds what another process of the same run took; the peak is the larger.
  void add(const RunCost& other);
  Json to_json() const;
  /// kCorrupt for anything but what to_json() gave.
  static Result<RunCost> from_json(const Json& json);
};

/// Started with a run, asked at its end.
class CostMeter {
 public:
  CostMeter();
  RunCost cost() const;

 private:
  std::chrono::steady_clock::time_point began_;
  std::optional<double> energy_before_uj_;
};

}  // namespace residency::train
