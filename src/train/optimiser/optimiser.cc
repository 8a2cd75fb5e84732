#include "train/optimiser/optimiser.h"

#include "train/optimiser/optimisers.h"

namespace residency::train {

std::unique_ptr<Optimiser> make_optimiser(const TrainOptions& options,
                                          std::vector<ParameterBlock> blocks) {
  switch (options.optimiser) {
    case OptimiserKind::kAdamW:
      return make_adamw(options, std::move(blocks));
    case OptimiserKind::kAdamW8:
      return make_adamw8(options, std::move(blocks));
    case OptimiserKind::kAdafactor:
      return make_adafactor(options, std::move(blocks));
    case OptimiserKind::kSgd:
      return make_sgd(options, std::move(blocks));
  }
  return nullptr;
}

}  // namespace residency::train
