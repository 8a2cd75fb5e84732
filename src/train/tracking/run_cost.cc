#include "train/tracking/run_cost.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sys/resource.h>

#include "train/train.h"

namespace residency::train {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kMicrojoulesPerWattHour = 3.6e9;
constexpr int kPackagesMax = 8;

/// What the processor packages have used so far, in microjoules; nothing where the kernel doesn't
/// tell or doesn't let us read it. The counters start anew after some 260 kJ, so a long run's
/// figure may be too low: then none is given (see cost()).
std::optional<double> energy_uj() {
  std::optional<double> sum;
  for (int package = 0; package < kPackagesMax; ++package) {
    std::ifstream file(fmt::format("/sys/class/powercap/intel-rapl:{}/energy_uj", package));
    double value = 0;
    if (!(file >> value)) break;
    sum = sum.value_or(0) + value;
  }
  return sum;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

void RunCost::add(const RunCost& other) {
  wall_hours += other.wall_hours;
  cpu_hours += other.cpu_hours;
  peak_rss_bytes = std::max(peak_rss_bytes, other.peak_rss_bytes);
  if (other.energy_wh) energy_wh = energy_wh.value_or(0) + *other.energy_wh;
}

Json RunCost::to_json() const {
  return {{"wall_hours", wall_hours},
          {"cpu_hours", cpu_hours},
          {"peak_rss_bytes", peak_rss_bytes},
          {"energy_wh", energy_wh ? Json(*energy_wh) : Json()}};
}

Result<RunCost> RunCost::from_json(const Json& json) {
  const Json& wall = json_member(json, "wall_hours");
  const Json& cpu = json_member(json, "cpu_hours");
  const Json& peak = json_member(json, "peak_rss_bytes");
  const Json& energy = json_member(json, "energy_wh");
  if (!wall.is_number() || !cpu.is_number() || !peak.is_number_unsigned()) {
    return corrupt("the cost of a training lacks a figure");
  }
  RunCost cost;
  cost.wall_hours = wall.get<double>();
  cost.cpu_hours = cpu.get<double>();
  cost.peak_rss_bytes = peak.get<std::uint64_t>();
  if (energy.is_number()) cost.energy_wh = energy.get<double>();
  return cost;
}

CostMeter::CostMeter() : began_(std::chrono::steady_clock::now()), energy_before_uj_(energy_uj()) {}

RunCost CostMeter::cost() const {
  RunCost cost;
  cost.wall_hours =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count() /
      kSecondsPerHour;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  cost.cpu_hours = (seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)) / kSecondsPerHour;
  cost.peak_rss_bytes = peak_rss_bytes();
  const auto after = energy_uj();
  if (after && energy_before_uj_ && *after >= *energy_before_uj_) {
    cost.energy_wh = (*after - *energy_before_uj_) / kMicrojoulesPerWattHour;
  }
  return cost;
}

}  // namespace residency::train
