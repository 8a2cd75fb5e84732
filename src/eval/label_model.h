// LabelModel: a model with a label head, asked of texts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataset/example.h"
#include "infer/hidden_states.h"
#include "model/label_head.h"
#include "model/tokenizer.h"

namespace residency::eval {

/// What the head says of a text.
struct TextLabels {
  std::vector<dataset::LabelledSpan> entities;  // tags: sorted, in bytes
  std::vector<std::string> labels;  // label: the likeliest; labels: those above one half
  std::vector<float> log_scores;    // of all the head's labels; tags: empty
  bool cut = false;                 // the text's end did not fit the model's context
};

class LabelModel {
 public:
  /// The model of `options` (base, adapter) with `head`, whose width must be the model's.
  static Result<std::unique_ptr<LabelModel>> open(const infer::EngineOptions& options,
                                                  model::LabelHead head);

  const model::LabelHead& head() const { return head_; }

  /// Of each text; long texts are parted for tags (dataset::part_borders) and cut at their end
  /// otherwise. `done` as HiddenStates::run() has it, over texts or their parts.
  Result<std::vector<TextLabels>> ask(const std::vector<std::string>& texts,
                                      const std::function<bool(std::size_t)>& done);

 private:
  LabelModel(std::unique_ptr<infer::HiddenStates> states,
             std::unique_ptr<model::Tokenizer> tokenizer, model::LabelHead head)
      : states_(std::move(states)), tokenizer_(std::move(tokenizer)), head_(std::move(head)) {}

  Result<std::vector<TextLabels>> tag(const std::vector<std::string>& texts,
                                      const std::function<bool(std::size_t)>& done);
  Result<std::vector<TextLabels>> label(const std::vector<std::string>& texts,
                                        const std::function<bool(std::size_t)>& done);

  std::unique_ptr<infer::HiddenStates> states_;
  std::unique_ptr<model::Tokenizer> tokenizer_;
  model::LabelHead head_;
};

}  // namespace residency::eval
