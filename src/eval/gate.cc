#include "eval/gate.h"

#include <fmt/format.h>

#include "eval/scorer.h"

namespace residency::eval {
namespace {

constexpr std::int64_t kResamplesMax = 100'000;
constexpr std::size_t kThresholdsMax = 100;
constexpr double kPerplexityMax = 1e6;
constexpr double kBitsMax = 64;

std::optional<double> optional_number(ConfigReader& reader, std::string_view key, double low,
                                      double high) {
  if (!reader.has(key)) return std::nullopt;
  return reader.number(key, low, low, high);
}

GateThreshold read_threshold(ConfigReader& reader) {
  GateThreshold threshold;
  threshold.metric = reader.text_required("metric");
  // Rates and scores lie between 0 and 1; a perplexity does not, and exposure is in bits.
  const double largest = threshold.metric == "general_perplexity"          ? kPerplexityMax
                         : threshold.metric.starts_with("canary_exposure") ? kBitsMax
                                                                           : 1;
  threshold.min_absolute = optional_number(reader, "min_absolute", 0, largest);
  threshold.max_absolute = optional_number(reader, "max_absolute", 0, largest);
  threshold.min_relative_improvement = optional_number(reader, "min_relative_improvement", -1, 1e6);
  threshold.not_worse_than_base = reader.flag("not_worse_than_base", false);
  if (!threshold.min_absolute && !threshold.max_absolute && !threshold.min_relative_improvement &&
      !threshold.not_worse_than_base) {
    reader.problem("metric",
                   "needs one of: min_absolute, max_absolute, min_relative_improvement, "
                   "not_worse_than_base");
  }
  return threshold;
}

GateCheck check(const std::string& metric, double value, bool passed, std::string demand) {
  GateCheck made{metric, std::move(demand), passed, ""};
  made.reason = fmt::format("{} is {:.4g}, demanded {}", metric, value, made.demand);
  return made;
}

GateCheck check_relative(const std::string& metric, const MetricChange& change, double demanded) {
  const double gain = (change.tuned.value - change.base.value) * (lower_is_better(metric) ? -1 : 1);
  const std::string demand = fmt::format("at least {:.4g} % better than the base's {:.4g}",
                                         100 * demanded, change.base.value);
  if (change.base.value == 0) {
    return check(metric, change.tuned.value, demanded <= 0 ? gain >= 0 : gain > 0, demand);
  }
  // A tenth of a millionth, so that a threshold that is met exactly is not lost to rounding.
  constexpr double kRounding = 1e-7;
  return check(metric, change.tuned.value, gain / change.base.value >= demanded - kRounding,
               demand);
}

void check_threshold(const GateThreshold& threshold, const MetricChange& change,
                     std::vector<GateCheck>& checks) {
  const std::string& metric = threshold.metric;
  const double value = change.tuned.value;
  if (threshold.min_absolute) {
    checks.push_back(check(metric, value, value >= *threshold.min_absolute,
                           fmt::format("at least {:.4g}", *threshold.min_absolute)));
  }
  if (threshold.max_absolute) {
    checks.push_back(check(metric, value, value <= *threshold.max_absolute,
                           fmt::format("at most {:.4g}", *threshold.max_absolute)));
  }
  if (threshold.min_relative_improvement) {
    checks.push_back(check_relative(metric, change, *threshold.min_relative_improvement));
  }
  if (threshold.not_worse_than_base) {
    const bool fine =
        lower_is_better(metric) ? value <= change.base.value : value >= change.base.value;
    checks.push_back(check(metric, value, fine,
                           fmt::format("not worse than the base's {:.4g}", change.base.value)));
  }
}

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(); }

}  // namespace

Result<GateOptions> GateOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "gate.");
  GateOptions options;
  const auto list = reader.child("thresholds").items();
  if (list.empty() || list.size() > kThresholdsMax) {
    reader.problem("thresholds", fmt::format("must be a list of 1 to {}", kThresholdsMax));
  }
  for (std::size_t i = 0; i < list.size() && i < kThresholdsMax; ++i) {
    ConfigReader item(list[i], fmt::format("gate.thresholds[{}].", i));
    options.thresholds.push_back(read_threshold(item));
    reader.absorb(item.finish());
  }
  options.resamples = reader.integer("resamples", options.resamples, 100, kResamplesMax);
  options.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, 0, INT64_MAX));
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string GateOptions::canonical_json() const {
  Json list = Json::array();
  for (const GateThreshold& threshold : thresholds) {
    list.push_back(
        {{"metric", threshold.metric},
         {"min_absolute", number_or_null(threshold.min_absolute)},
         {"max_absolute", number_or_null(threshold.max_absolute)},
         {"min_relative_improvement", number_or_null(threshold.min_relative_improvement)},
         {"not_worse_than_base", threshold.not_worse_than_base}});
  }
  return dump_json({{"thresholds", std::move(list)}, {"resamples", resamples}, {"seed", seed}});
}

std::vector<std::string> GateDecision::reasons() const {
  std::vector<std::string> failed;
  for (const GateCheck& made : checks) {
    if (!made.passed) failed.push_back(made.reason);
  }
  return failed;
}

Json GateDecision::to_json() const {
  Json list = Json::array();
  for (const GateCheck& made : checks) {
    list.push_back({{"metric", made.metric},
                    {"demand", made.demand},
                    {"passed", made.passed},
                    {"reason", made.reason}});
  }
  return {{"passed", passed}, {"checks", std::move(list)}, {"reasons", reasons()}};
}

Result<GateDecision> GateDecision::from_json(const Json& json) {
  GateDecision decision;
  if (!json_member(json, "passed").is_boolean()) {
    return invalid_input("must be true or false: gate.passed");
  }
  decision.passed = json_flag(json, "passed");
  const Json& list = json_member(json, "checks");
  if (!list.is_array()) return invalid_input("must be a list: gate.checks");
  bool all = !list.empty();
  for (const Json& item : list) {
    if (!json_member(item, "passed").is_boolean()) {
      return invalid_input("must be true or false: gate.checks.passed");
    }
    decision.checks.push_back({json_text(item, "metric"), json_text(item, "demand"),
                               json_flag(item, "passed"), json_text(item, "reason")});
    all = all && decision.checks.back().passed;
  }
  if (decision.passed != all) return corrupt("gate's decision is not what its checks say");
  return decision;
}

Result<GateDecision> gate(const GateOptions& options, const Comparison& comparison) {
  GateDecision decision;
  for (const GateThreshold& threshold : options.thresholds) {
    const auto change = comparison.metrics.find(threshold.metric);
    if (change == comparison.metrics.end()) {
      std::vector<std::string> names;
      for (const auto& [name, value] : comparison.metrics) names.push_back(name);
      return invalid_argument(fmt::format("the task has no such metric, but {}: {}",
                                          fmt::join(names, ", "), threshold.metric.substr(0, 64)));
    }
    check_threshold(threshold, change->second, decision.checks);
  }
  decision.passed = !decision.checks.empty() && decision.reasons().empty();
  return decision;
}

}  // namespace residency::eval
