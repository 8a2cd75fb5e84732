// The files that tell how a training went, made from its history alone: equal runs give equal
// bytes.
#pragma once

#include <string>
#include <vector>

#include "train/checkpoint.h"

namespace residency::train {

/// "step_number,epoch_number,training_loss,perplexity", a line for each step, steps from 0: the
/// columns of Amazon Bedrock's step_wise_training_metrics.csv.
std::string training_metrics_csv(const std::vector<LossPoint>& history);

/// "step_number,epoch_number,validation_loss,validation_perplexity", a line for each evaluation.
std::string validation_metrics_csv(const std::vector<LossPoint>& history);

/// A JSON object a line for each step: step, epoch, loss, learning_rate, gradient_norm, tokens, and
/// validation_loss where one was taken.
std::string metrics_jsonl(const std::vector<LossPoint>& history);

/// Both loss curves over the steps as a picture that needs nothing else. Long runs are drawn as
/// means of neighbouring steps.
std::string loss_curve_svg(const std::vector<LossPoint>& history);

}  // namespace residency::train
