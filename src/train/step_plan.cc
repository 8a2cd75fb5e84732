#include "train/step_plan.h"

#include <utility>

#include "train/random.h"

namespace residency::train {
std::vector<PlannedStep> plan_epoch(const TrainOptions& options,
                                    const dataset::SequenceSet& sequences, std::int64_t epoch) {
  std::vector<std::size_t> order(sequences.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random random(options.seed ^ (0x9e3779b97f4a7c15ull * static_cast<std::uint64_t>(epoch + 1)));
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i)]);
  }
  std::vector<PlannedStep> steps;
  PlannedStep step;
  step.epoch = epoch;
  for (const std::size_t index : order) {
    const std::int64_t supervised = sequences.supervised(index);
    if (supervised == 0) continue;
    const std::int64_t tokens = sequences.tokens(index);
    if (!step.sequences.empty() && step.tokens + tokens > options.batch_tokens) {
      steps.push_back(std::move(step));
      step = PlannedStep{};
      step.epoch = epoch;
    }
    step.sequences.push_back(index);
    step.tokens += tokens;
    step.supervised_tokens += supervised;
  }
  if (!step.sequences.empty()) steps.push_back(std::move(step));
  if (!steps.empty()) steps.back().ends_epoch = true;
  return steps;
}

std::int64_t count_steps(const TrainOptions& options, const dataset::SequenceSet& sequences) {
  std::int64_t steps = 0;
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    const auto more = static_cast<std::int64_t>(plan_epoch(options, sequences, epoch).size());
    if (more == 0) break;
    steps += more;
    if (options.steps_max > 0 && steps >= options.steps_max) return options.steps_max;
  }
  return steps;
}

}  // namespace residency::train
