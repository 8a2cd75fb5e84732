// Optimiser: how values follow their gradient.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "train/train_options.h"

namespace residency::train {

/// One trained matrix within the vector of all values, row-major.
struct ParameterBlock {
  std::int64_t offset = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  double rate_factor = 1;  // of the learning rate: LoRA+ gives B a larger one
  bool decays = true;      // false: weight decay leaves it alone

  std::int64_t size() const { return rows * columns; }
};

/// The step that all optimisers are given.
struct UpdateStep {
  std::int64_t number = 0;  // from 1
  double learning_rate = 0;
  double gradient_scale = 1;  // what clipping leaves of the gradient
};

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  virtual void update(const UpdateStep& step, std::span<const float> gradient,
                      std::span<float> values) = 0;
  /// Everything that the next update depends on, as bytes.
  virtual std::string state() const = 0;
  /// The same in pieces that live until the next update, where no copy of them is needed; nothing
  /// where the optimiser has no such form.
  virtual std::vector<std::string_view> state_views() const { return {}; }
  /// Takes what state() gave, or the pieces of state_views() one after the other. kCorrupt for
  /// bytes of another size or optimiser.
  virtual Result<void> set_state(std::string_view bytes) = 0;
  virtual std::int64_t state_bytes() const = 0;
};

/// The optimiser that the options name, over `blocks`, which cover the values without overlap.
std::unique_ptr<Optimiser> make_optimiser(const TrainOptions& options,
                                          std::vector<ParameterBlock> blocks);

}  // namespace residency::train
