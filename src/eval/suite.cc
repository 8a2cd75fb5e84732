#include "eval/suite.h"

#include <algorithm>
#include <fmt/format.h>

#include "eval/scorer.h"

namespace residency::eval {
namespace {

constexpr std::size_t kBenchmarksMax = 100;
constexpr std::int64_t kResamplesMax = 100'000;
// So that a demand that is met exactly is not lost to rounding.
constexpr double kRounding = 1e-7;

/// One benchmark's two scorers and the place of its metric in each.
struct Pair {
  Scorer base;
  Scorer tuned;
  std::size_t base_place;
  std::size_t tuned_place;
};

std::size_t place_of(const Scorer& scorer, const std::string& metric) {
  const auto& names = scorer.names();
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), metric) - names.begin());
}

Result<Pair> pair_of(const SuiteEntry& entry, const std::string& name, const std::string& metric) {
  const auto scorer = [](const ModelScores& scores) {
    return Scorer(scores.task, scores.predictions, scores.choices, scores.negative,
                  scores.code_table);
  };
  Pair pair{scorer(entry.base), scorer(entry.tuned), 0, 0};
  pair.base_place = place_of(pair.base, metric);
  pair.tuned_place = place_of(pair.tuned, metric);
  if (pair.base_place == pair.base.names().size() || pair.tuned_place == pair.tuned.names().size())
    return invalid_argument(fmt::format("benchmark {} has no metric: {}", name, metric));
  if (lower_is_better(metric))
    return invalid_argument(
        fmt::format("a mean takes metrics of which more is better: {}", metric));
  return pair;
}

/// Base and tuned value of every benchmark, where `weights_of(i)` weighs the items of benchmark i.
template <class WeightsOf>
std::vector<std::pair<double, double>> values(const std::vector<Pair>& pairs,
                                              const WeightsOf& weights_of) {
  std::vector<std::pair<double, double>> made;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto weights = weights_of(i);
    made.emplace_back(pairs[i].base.values(weights)[pairs[i].base_place],
                      pairs[i].tuned.values(weights)[pairs[i].tuned_place]);
  }
  return made;
}

struct Means {
  double base = 0, tuned = 0;
  double relative() const { return base == 0 ? 0 : (tuned - base) / base; }
};

Means means_of(const std::vector<std::pair<double, double>>& scores) {
  Means means;
  for (const auto& [base, tuned] : scores) {
    means.base += base / static_cast<double>(scores.size());
    means.tuned += tuned / static_cast<double>(scores.size());
  }
  return means;
}

void add_check(GateDecision& gate, const std::string& what, double value, bool passed,
               const std::string& demand) {
  gate.checks.push_back(
      {what, demand, passed, fmt::format("{} is {:.4g}, demanded {}", what, value, demand)});
}

void decide(const SuiteOptions& options, SuiteReport& report) {
  GateDecision& gate = report.gate;
  if (options.mean_min_absolute) {
    add_check(gate, "mean", report.tuned.value, report.tuned.value >= *options.mean_min_absolute,
              fmt::format("at least {:.4g}", *options.mean_min_absolute));
  }
  if (options.mean_min_relative_improvement) {
    const double demanded = *options.mean_min_relative_improvement;
    add_check(gate, "mean", report.tuned.value,
              report.base.value == 0 ? report.tuned.value > 0
                                     : report.relative.value >= demanded - kRounding,
              fmt::format("at least {:.4g} % better than the base's {:.4g}", 100 * demanded,
                          report.base.value));
  }
  for (const SuiteReport::Row& row : report.rows) {
    if (options.none_worse) {
      add_check(gate, row.name + " " + row.metric, row.tuned.value,
                row.tuned.value >= row.base.value,
                fmt::format("not worse than the base's {:.4g}", row.base.value));
    }
    if (options.gates_pass && !row.gate_passed) {
      gate.checks.push_back({row.name, "its own gate", false,
                             fmt::format("{}: its own gate refused the model", row.name)});
    }
  }
  gate.passed = !gate.checks.empty() && gate.reasons().empty();
}

Result<Metric> read_metric(const Json& json, const char* key) {
  const Json& value = json_member(json, key);
  for (const char* part : {"value", "low", "high"}) {
    if (!json_member(value, part).is_number())
      return invalid_input(fmt::format("must be a number: {}.{}", key, part));
  }
  return Metric{json_number(value, "value"), json_number(value, "low"), json_number(value, "high")};
}

std::string cell(const Metric& metric) {
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", metric.value, metric.low, metric.high);
}

}  // namespace

Result<SuiteOptions> SuiteOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "suite.");
  SuiteOptions options;
  options.names = reader.texts("names", {});
  options.metrics = reader.texts("metrics", std::vector<std::string>(options.names.size()));
  if (options.names.empty() || options.names.size() > kBenchmarksMax)
    reader.problem("names", fmt::format("must be 1 to {} benchmarks", kBenchmarksMax));
  if (options.metrics.size() != options.names.size())
    reader.problem("metrics", "must be as many as the names");
  ConfigReader gate(reader.child("gate"), "suite.gate.");
  ConfigReader mean(gate.child("mean"), "suite.gate.mean.");
  if (mean.has("min_absolute")) options.mean_min_absolute = mean.number("min_absolute", 0, 0, 1);
  if (mean.has("min_relative_improvement"))
    options.mean_min_relative_improvement = mean.number("min_relative_improvement", 0, -1, 1e6);
  gate.absorb(mean.finish());
  options.none_worse = gate.flag("none_worse", true);
  options.gates_pass = gate.flag("gates_pass", true);
  options.resamples = gate.integer("resamples", options.resamples, 100, kResamplesMax);
  options.seed = static_cast<std::uint64_t>(gate.integer("seed", 0, 0, INT64_MAX));
  reader.absorb(gate.finish());
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

Result<SuiteReport> make_suite(const SuiteOptions& options,
                               const std::vector<SuiteEntry>& entries) {
  if (entries.size() != options.names.size())
    return invalid_argument(fmt::format("the suite names {} benchmarks, {} reports are given",
                                        options.names.size(), entries.size()));
  std::vector<Pair> pairs;
  SuiteReport report;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const SuiteEntry& entry = entries[i];
    const std::string metric =
        options.metrics[i].empty() ? entry.tuned.headline : options.metrics[i];
    RESIDENCY_TRY(auto pair, pair_of(entry, options.names[i], metric));
    pairs.push_back(std::move(pair));
    SuiteReport::Row row;
    row.name = options.names[i];
    row.metric = metric;
    row.report = entry.report;
    row.items = entry.tuned.items;
    row.official = entry.tuned.official();
    row.gate_passed = entry.gate.passed;
    report.rows.push_back(std::move(row));
  }
  const auto whole = values(
      pairs, [&](std::size_t i) { return std::vector<std::uint32_t>(pairs[i].base.items(), 1); });
  std::vector<std::vector<double>> drawn(3 * pairs.size() + 4);
  for (std::int64_t round = 0; round < options.resamples; ++round) {
    const auto scores = values(pairs, [&](std::size_t i) {
      return resample(pairs[i].base.items(), options.seed + i, static_cast<std::uint64_t>(round));
    });
    for (std::size_t i = 0; i < scores.size(); ++i) {
      drawn[3 * i].push_back(scores[i].first);
      drawn[3 * i + 1].push_back(scores[i].second);
      drawn[3 * i + 2].push_back(scores[i].second - scores[i].first);
    }
    const Means means = means_of(scores);
    auto* mean = &drawn[3 * pairs.size()];
    mean[0].push_back(means.base);
    mean[1].push_back(means.tuned);
    mean[2].push_back(means.tuned - means.base);
    mean[3].push_back(means.relative());
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    auto& row = report.rows[i];
    const auto& [base, tuned] = whole[i];
    row.base = with_interval(base, std::move(drawn[3 * i]));
    row.tuned = with_interval(tuned, std::move(drawn[3 * i + 1]));
    row.difference = with_interval(tuned - base, std::move(drawn[3 * i + 2]));
    if (base != 0) row.relative = (tuned - base) / base;
  }
  const Means means = means_of(whole);
  auto* mean = &drawn[3 * pairs.size()];
  report.base = with_interval(means.base, std::move(mean[0]));
  report.tuned = with_interval(means.tuned, std::move(mean[1]));
  report.difference = with_interval(means.tuned - means.base, std::move(mean[2]));
  report.relative = with_interval(means.relative(), std::move(mean[3]));
  decide(options, report);
  return report;
}

Json SuiteReport::to_json() const {
  Json list = Json::array();
  for (const Row& row : rows) {
    list.push_back({{"name", row.name},
                    {"metric", row.metric},
                    {"report", row.report},
                    {"items", row.items},
                    {"official", row.official},
                    {"gate_passed", row.gate_passed},
                    {"base", eval::to_json(row.base)},
                    {"tuned", eval::to_json(row.tuned)},
                    {"difference", eval::to_json(row.difference)},
                    {"relative", row.relative ? Json(*row.relative) : Json()}});
  }
  return {{"benchmarks", std::move(list)},
          {"mean",
           {{"base", eval::to_json(base)},
            {"tuned", eval::to_json(tuned)},
            {"difference", eval::to_json(difference)},
            {"relative", eval::to_json(relative)}}},
          {"gate", gate.to_json()}};
}

Result<SuiteReport> SuiteReport::from_json(const Json& json) {
  SuiteReport report;
  for (const Json& item : json_member(json, "benchmarks")) {
    Row row;
    row.name = json_text(item, "name");
    row.metric = json_text(item, "metric");
    row.report = json_text(item, "report");
    row.items = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_integer(item, "items")));
    row.official = json_flag(item, "official");
    row.gate_passed = json_flag(item, "gate_passed");
    RESIDENCY_TRY(row.base, read_metric(item, "base"));
    RESIDENCY_TRY(row.tuned, read_metric(item, "tuned"));
    RESIDENCY_TRY(row.difference, read_metric(item, "difference"));
    if (json_member(item, "relative").is_number()) row.relative = json_number(item, "relative");
    report.rows.push_back(std::move(row));
  }
  if (report.rows.empty()) return invalid_input("must be a list: benchmarks");
  const Json& mean = json_member(json, "mean");
  RESIDENCY_TRY(report.base, read_metric(mean, "base"));
  RESIDENCY_TRY(report.tuned, read_metric(mean, "tuned"));
  RESIDENCY_TRY(report.difference, read_metric(mean, "difference"));
  RESIDENCY_TRY(report.relative, read_metric(mean, "relative"));
  RESIDENCY_TRY(report.gate, GateDecision::from_json(json_member(json, "gate")));
  return report;
}

std::string render_table(const SuiteReport& report) {
  std::string text = fmt::format("{:<16} {:<14} {:>6} {:<22} {:<22} {}\n", "benchmark", "metric",
                                 "items", "base (95 %)", "tuned (95 %)", "relative");
  for (const SuiteReport::Row& row : report.rows) {
    text += fmt::format("{:<16} {:<14} {:>6} {:<22} {:<22} {}{}\n", row.name, row.metric, row.items,
                        cell(row.base), cell(row.tuned),
                        row.relative ? fmt::format("{:+.0f} %", 100 * *row.relative) : "",
                        row.official ? "" : "  (not official)");
  }
  text += fmt::format("{:<16} {:<14} {:>6} {:<22} {:<22} {:+.0f} % [{:+.0f}, {:+.0f}]\n", "mean",
                      "", "", cell(report.base), cell(report.tuned), 100 * report.relative.value,
                      100 * report.relative.low, 100 * report.relative.high);
  text += report.gate.passed ? "gate: passed\n" : "gate: refused\n";
  for (const std::string& reason : report.gate.reasons()) text += "  " + reason + "\n";
  return text;
}

}  // namespace residency::eval
