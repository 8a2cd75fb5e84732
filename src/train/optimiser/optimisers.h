// The optimisers, each made by its own file.
#pragma once

#include <memory>
#include <vector>

#include "train/optimiser/optimiser.h"

namespace residency::train {

/// Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019.
std::unique_ptr<Optimiser> make_adamw(const TrainOptions& options,
                                      std::vector<ParameterBlock> blocks);
/// AdamW with moments in 8 bits: block-wise dynamic quantisation of Dettmers et al., 8-bit
/// Optimizers via Block-wise Quantization, ICLR 2022.
std::unique_ptr<Optimiser> make_adamw8(const TrainOptions& options,
                                       std::vector<ParameterBlock> blocks);
/// Shazeer and Stern, Adafactor, ICML 2018, with a given learning rate and without momentum.
std::unique_ptr<Optimiser> make_adafactor(const TrainOptions& options,
                                          std::vector<ParameterBlock> blocks);
/// Gradient descent with momentum (Polyak's) and decoupled weight decay.
std::unique_ptr<Optimiser> make_sgd(const TrainOptions& options,
                                    std::vector<ParameterBlock> blocks);

}  // namespace residency::train
