#include "train/engine.h"

#include "train/fast_engine.h"
#include "train/reference_engine.h"
#include "train/tiled_weights.h"

namespace residency::train {

Result<std::unique_ptr<Engine>> make_engine(const TrainOptions& options,
                                            const model::GgufFile& base,
                                            const model::LlamaConfig& config,
                                            const AdapterLayout& layout) {
  const bool quantised = options.method == "qlora";
  if (quantised) {
    if (const std::string why = quantised_base_refusal(base); !why.empty()) {
      return invalid_input("train.method: qlora needs a quantised base model, and " + why +
                           "; make one with `residency models quantise`, or train with lora");
    }
  }
  const std::string refusal = fast_engine_refusal(config);
  if (options.backend == Backend::kFast && !refusal.empty()) {
    return invalid_argument("train.backend: the fast engine cannot run the model: " + refusal);
  }
  if (options.backend == Backend::kReference || !refusal.empty()) {
    return make_reference_engine(
        options.precision == Precision::kBf16 ? ReferenceType::kBfloat16 : ReferenceType::kFloat32,
        base, config, layout, options.sequence_tokens_max);
  }
  return make_fast_engine(
      options.precision, base, config, layout, options.sequence_tokens_max, best_instruction_set(),
      {quantised ? WeightForm::kQuantised : WeightForm::kPacked, options.recompute});
}

std::vector<float> place_weights(const dataset::PackedSequence& sequence) {
  std::vector<float> weights;
  for (std::size_t i = 0; i < sequence.segment_weights.size(); ++i) {
    weights.insert(weights.end(), sequence.segment_starts[i + 1] - sequence.segment_starts[i],
                   sequence.segment_weights[i]);
  }
  return weights;
}

dataset::PackedSequence plain_sequence(std::span<const std::int32_t> tokens) {
  dataset::PackedSequence sequence;
  sequence.tokens.assign(tokens.begin(), tokens.end());
  sequence.targets.assign(tokens.size(), -1);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    sequence.positions.push_back(static_cast<std::int32_t>(i));
  }
  sequence.segment_starts = {0, tokens.size()};
  return sequence;
}

Result<void> check_sequence(const dataset::PackedSequence& sequence,
                            const model::LlamaConfig& config, const AdapterLayout& layout,
                            std::int64_t tokens_max) {
  const std::size_t count = sequence.tokens.size();
  if (count == 0) return invalid_input("a training sequence is empty");
  if (static_cast<std::int64_t>(count) > tokens_max) {
    return invalid_input("a training sequence is longer than train.sequence_tokens_max: " +
                         std::to_string(count));
  }
  if (sequence.targets.size() != count || sequence.positions.size() != count) {
    return invalid_input("a training sequence's tokens, targets and positions differ in number");
  }
  const auto& starts = sequence.segment_starts;
  if (starts.size() < 2 || starts.front() != 0 || starts.back() != count) {
    return invalid_input("a training sequence's segments do not cover it");
  }
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    if (starts[i] > starts[i + 1]) {
      return invalid_input("a training sequence's segments are out of order");
    }
  }
  if (!sequence.segment_weights.empty() && sequence.segment_weights.size() + 1 != starts.size()) {
    return invalid_input("a training sequence has not as many weights as segments");
  }
  const bool many = layout.head && layout.head->kind == model::HeadKind::kLabels;
  if (many && sequence.label_sets.size() + 1 != starts.size()) {
    return invalid_input("a training sequence has not as many sets of labels as segments");
  }
  const std::int64_t outputs = layout.outputs(config);
  for (const auto& set : sequence.label_sets) {
    for (const std::int32_t label : set) {
      if (label < 0 || label >= outputs)
        return invalid_input("a training sequence holds a label the head does not know");
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (sequence.tokens[i] < 0 || sequence.tokens[i] >= config.vocabulary ||
        sequence.targets[i] < -1 || sequence.targets[i] >= outputs) {
      return invalid_input("a training sequence holds a token the model does not know");
    }
    if (sequence.positions[i] < 0 || sequence.positions[i] >= tokens_max) {
      return invalid_input("a training sequence holds a position past its longest length");
    }
  }
  return {};
}

}  // namespace residency::train
