#include "train/pair_objective.h"

#include <algorithm>
#include <utility>

namespace residency::train {
namespace {

Result<PairLosses> losses_of(Engine& engine, const dataset::PackedSequence& sequence) {
  if (sequence.segment_starts.size() != 3)
    return invalid_input("a preference objective needs sequences of one pair of answers each");
  RESIDENCY_TRY(const auto sums, engine.segment_losses(sequence));
  return PairLosses{sums[0], sums[1]};
}

std::int64_t targets_in(const dataset::PackedSequence& sequence, std::size_t segment) {
  const auto begin =
      sequence.targets.begin() + static_cast<std::ptrdiff_t>(sequence.segment_starts[segment]);
  const auto end =
      sequence.targets.begin() + static_cast<std::ptrdiff_t>(sequence.segment_starts[segment + 1]);
  return std::count_if(begin, end, [](std::int32_t target) { return target >= 0; });
}

}  // namespace

Result<void> PairObjective::take_reference(Engine& engine, std::span<const float> values,
                                           const dataset::SequenceSet& train,
                                           const dataset::SequenceSet& validation,
                                           Progress& progress) {
  if (options_.objective == "orpo") return {};
  RESIDENCY_TRY_VOID(engine.set_adapter(values));
  const std::size_t total = train.size() + validation.size();
  for (const auto& [set, kept] :
       {std::pair(&train, &train_), std::pair(&validation, &validation_)}) {
    for (std::size_t i = 0; i < set->size(); ++i) {
      if (progress.cancelled()) return cancelled("training was stopped before its first step");
      dataset::PackedSequence room;
      RESIDENCY_TRY(const auto* sequence, set->read(i, room));
      RESIDENCY_TRY(const PairLosses losses, losses_of(engine, *sequence));
      kept->push_back(losses);
      progress.update(train_.size() + validation_.size(), total, "pairs", "the reference's losses");
    }
  }
  return {};
}

Result<void> PairObjective::look_ahead(Engine& engine, const dataset::SequenceSet& sequences,
                                       const std::vector<std::size_t>& numbers, bool validation) {
  if (options_.objective != "kto" || numbers.empty()) return {};
  const std::vector<PairLosses>& reference = validation ? validation_ : train_;
  double sum = 0;
  for (const std::size_t number : numbers) {
    dataset::PackedSequence room;
    RESIDENCY_TRY(const auto* sequence, sequences.read(number, room));
    RESIDENCY_TRY(const PairLosses policy, losses_of(engine, *sequence));
    sum += reference.at(number).rejected - policy.rejected;
  }
  moved_ = std::max(0.0, sum / static_cast<double>(numbers.size()));
  return {};
}

Result<PairGradient> PairObjective::judge(Engine& engine, const dataset::PackedSequence& sequence,
                                          const std::vector<PairLosses>& reference,
                                          std::size_t number) const {
  RESIDENCY_TRY(const PairLosses policy, losses_of(engine, sequence));
  if (options_.objective == "dpo")
    return dpo(policy, reference.at(number), options_.preference_beta);
  if (options_.objective == "kto") {
    if (sequence.judgement == dataset::Judgement::kNone)
      return invalid_input("KTO needs a judgement of every answer");
    return kto(policy.chosen, reference.at(number).chosen, moved_,
               sequence.judgement == dataset::Judgement::kDesirable, options_.preference_beta);
  }
  return orpo(policy, targets_in(sequence, 0), targets_in(sequence, 1), options_.orpo_weight);
}

Result<double> PairObjective::accumulate_gradient(Engine& engine,
                                                  const dataset::PackedSequence& sequence,
                                                  std::size_t number, double weight,
                                                  std::span<float> gradient) const {
  RESIDENCY_TRY(const PairGradient pair, judge(engine, sequence, train_, number));
  dataset::PackedSequence weighted = sequence;
  weighted.segment_weights = {static_cast<float>(pair.by_chosen),
                              static_cast<float>(pair.by_rejected)};
  RESIDENCY_TRY([[maybe_unused]] const double sum,
                engine.accumulate_gradient(weighted, weight, gradient));
  return pair.loss;
}

Result<double> PairObjective::loss(Engine& engine, const dataset::PackedSequence& sequence,
                                   std::size_t number) const {
  RESIDENCY_TRY(const PairGradient pair, judge(engine, sequence, validation_, number));
  return pair.loss;
}

}  // namespace residency::train
