#include "train/run_plan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <string>

#include "train/fast_engine.h"
#include "train/gemm_peak.h"
#include "train/parallel.h"
#include "train/step_plan.h"

namespace residency::train {
namespace {

// Shares of the products' peak that the engines reach over a whole step, as bench lora-equal
// measures them.
constexpr double kFastShare = 0.6;
constexpr double kReferenceShare = 0.1;
constexpr double kGigabyte = 1e9;

std::uint64_t number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : 0;
}

/// What a control group leaves; the largest number where there is no limit.
std::uint64_t left_in_group() {
  constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 60;  // v1 writes about 2^63
  const auto left = [&](const char* limit, const char* used) {
    const std::uint64_t most = number_in(limit);
    if (most == 0 || most > kUnlimited) return kNoLimit;
    const std::uint64_t now = number_in(used);
    return most > now ? most - now : 1;
  };
  return std::min(left("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
                  left("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                       "/sys/fs/cgroup/memory/memory.usage_in_bytes"));
}

std::string duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} seconds", std::max(1.0, seconds));
  if (seconds < 90 * 60) return fmt::format("{:.0f} minutes", seconds / 60);
  return fmt::format("{:.1f} hours", seconds / 3600);
}

/// What would make the run smaller, the gentlest first.
std::string advice(const TrainOptions& options) {
  std::string text;
  const auto add = [&](const char* what) {
    text += (text.empty() ? "" : ", ") + std::string(what);
  };
  if (options.method == "full" && options.optimiser == OptimiserKind::kAdamW)
    add("train.optimiser: adamw8bit");
  if (options.sequence_tokens_max > 256) add("a smaller train.sequence_tokens_max");
  if (options.precision == Precision::kFp32) add("train.precision: bf16");
  if (options.method == "full") add("train.method: lora");
  if (options.method != "full" && options.lora.rank > 8) add("a smaller train.lora.rank");
  add("a smaller base model");
  return text;
}

}  // namespace

std::string RunPlan::text() const {
  const double needs = static_cast<double>(estimate.memory_bytes) / kGigabyte;
  const std::string of =
      memory_available > 0
          ? fmt::format(" of {:.1f} GB", static_cast<double>(memory_available) / kGigabyte)
          : "";
  return fmt::format("needs {:.1f} GB{}, about {}", needs, of, duration(seconds));
}

std::uint64_t available_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kilobytes = 0;
  std::uint64_t available = 0;
  std::string unit;
  while (file >> key >> kilobytes) {
    std::getline(file, unit);
    if (key == "MemAvailable:") available = kilobytes * 1024;
  }
  return std::min(available, left_in_group());
}

std::int64_t count_tokens(const TrainOptions& options, const dataset::SequenceSet& sequences) {
  std::int64_t tokens = 0;
  std::int64_t steps = 0;
  const std::int64_t most = count_steps(options, sequences);
  for (const PlannedStep& step : plan_epoch(options, sequences, 0)) {
    tokens += step.tokens;
    ++steps;
  }
  return steps == 0
             ? 0
             : static_cast<std::int64_t>(static_cast<double>(tokens) / static_cast<double>(steps) *
                                         static_cast<double>(most));
}

Result<RunPlan> plan_run(const TrainOptions& options, const model::LlamaConfig& config,
                         std::int64_t tokens, std::uint64_t memory_available) {
  RunPlan plan;
  plan.estimate = estimate(options, config);
  plan.tokens = tokens;
  plan.memory_available = memory_available;
  if (memory_available > 0 && plan.estimate.memory_bytes > memory_available) {
    return resource_exhausted(
        fmt::format("training needs about {:.1f} GB and {:.1f} GB are free; what helps: {}",
                    static_cast<double>(plan.estimate.memory_bytes) / kGigabyte,
                    static_cast<double>(memory_available) / kGigabyte, advice(options)));
  }
  set_threads(options.threads);
  RESIDENCY_TRY(const double peak,
                gemm_peak_gigaflops(options.precision,
                                    std::min<std::int64_t>(options.sequence_tokens_max, 1024),
                                    config.embedding, config.feed_forward));
  const bool reference =
      options.backend == Backend::kReference || !fast_engine_refusal(config).empty();
  plan.gigaflops = peak * (reference ? kReferenceShare : kFastShare);
  plan.seconds = plan.estimate.gigaflops_per_token * static_cast<double>(tokens) / plan.gigaflops;
  return plan;
}

}  // namespace residency::train
