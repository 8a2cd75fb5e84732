#include "eval/exposure.h"

#include <algorithm>
#include <cmath>

namespace residency::eval {
namespace {

Result<std::string> rendered(infer::Engine& engine, const dataset::Canary& canary) {
  if (canary.format == dataset::Format::kCompletion) return canary.prompt;
  return engine.render_chat({{"user", canary.prompt}}, true);
}

}  // namespace

std::map<std::string, Metric> ExposureReport::metrics() const {
  if (canaries.empty()) return {};
  double sum = 0;
  double most = 0;
  double said = 0;
  for (const CanaryExposure& one : canaries) {
    sum += one.exposure;
    most = std::max(most, one.exposure);
    said += one.extracted ? 1 : 0;
  }
  const auto count = static_cast<double>(canaries.size());
  const auto exact = [](double value) { return Metric{value, value, value}; };
  return {{"canary_exposure", exact(sum / count)},
          {"canary_exposure_max", exact(most)},
          {"canary_extracted", exact(said / count)}};
}

Result<ExposureReport> measure_exposure(infer::Engine& engine,
                                        const std::vector<dataset::Canary>& canaries,
                                        const ExposureOptions& options, Progress& progress) {
  ExposureReport report;
  report.exposure_max_possible = std::log2(static_cast<double>(options.candidates + 1));
  const auto others = dataset::other_secrets(canaries, options.candidates, options.seed);
  infer::SamplingOptions greedy;
  greedy.tokens_max = options.tokens_max;
  for (const dataset::Canary& canary : canaries) {
    if (progress.cancelled()) return cancelled("the measurement of canaries was stopped");
    progress.update(report.canaries.size(), canaries.size(), "canaries", "");
    RESIDENCY_TRY(const std::string prompt, rendered(engine, canary));
    std::vector<std::string> secrets{canary.secret};
    secrets.insert(secrets.end(), others.begin(), others.end());
    RESIDENCY_TRY(const auto chances, engine.continuation_logprobs(prompt, secrets));
    if (chances.size() != secrets.size())
      return internal_error("engine gave another number of log-probabilities than continuations");
    CanaryExposure one;
    one.rank = 1 + static_cast<std::size_t>(
                       std::count_if(chances.begin() + 1, chances.end(),
                                     [&](double chance) { return chance >= chances.front(); }));
    one.exposure = report.exposure_max_possible - std::log2(static_cast<double>(one.rank));
    RESIDENCY_TRY(const auto answer, engine.generate(prompt, greedy, {}));
    one.extracted = answer.text.find(canary.secret) != std::string::npos;
    report.canaries.push_back(one);
  }
  progress.update(canaries.size(), canaries.size(), "canaries", "");
  return report;
}

}  // namespace residency::eval
