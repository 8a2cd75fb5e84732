#include "eval/label_model.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "dataset/labelled_tokens.h"

namespace residency::eval {

using Tokens = std::vector<std::int32_t>;

Result<std::unique_ptr<LabelModel>> LabelModel::open(const infer::EngineOptions& options,
                                                     model::LabelHead head) {
  RESIDENCY_TRY(auto states, infer::HiddenStates::open(options, head.bidirectional));
  if (states->width() != head.width)
    return invalid_input("the head is of another model: its width is not the base model's");
  RESIDENCY_TRY(auto tokenizer, model::Tokenizer::open(options.model_path));
  return std::unique_ptr<LabelModel>(
      new LabelModel(std::move(states), std::move(tokenizer), std::move(head)));
}

Result<std::vector<TextLabels>> LabelModel::ask(const std::vector<std::string>& texts,
                                                const std::function<bool(std::size_t)>& done) {
  return head_.kind == model::HeadKind::kTags ? tag(texts, done) : label(texts, done);
}

Result<std::vector<TextLabels>> LabelModel::tag(const std::vector<std::string>& texts,
                                                const std::function<bool(std::size_t)>& done) {
  const auto tokens_max = static_cast<std::size_t>(states_->context_tokens());
  std::vector<dataset::TextTokens> all;
  std::vector<Tokens> parts;
  std::vector<std::size_t> counts;  // parts of each text
  for (const std::string& text : texts) {
    RESIDENCY_TRY(auto tokens, dataset::text_tokens(text, *tokenizer_));
    const auto borders = dataset::part_borders(tokens, text, tokens_max);
    for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
      parts.emplace_back(tokens.tokens.begin() + static_cast<std::ptrdiff_t>(borders[i]),
                         tokens.tokens.begin() + static_cast<std::ptrdiff_t>(borders[i + 1]));
    }
    counts.push_back(borders.size() - 1);
    all.push_back(std::move(tokens));
  }
  RESIDENCY_TRY(const auto states, states_->run(parts, infer::HiddenStates::Wanted::kAll, done));
  std::vector<TextLabels> made;
  std::size_t part = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<float> scores;
    for (std::size_t end = part + counts[i]; part < end; ++part) {
      const auto width = static_cast<std::size_t>(head_.width);
      for (std::size_t at = 0; at < states[part].size(); at += width) {
        const auto own = head_.log_scores(std::span(states[part]).subspan(at, width));
        scores.insert(scores.end(), own.begin(), own.end());
      }
    }
    const auto tags = model::best_tags(head_.labels, scores);
    TextLabels labels;
    labels.entities = dataset::tagged_spans(all[i], texts[i], tags, head_.labels);
    made.push_back(std::move(labels));
  }
  return made;
}

Result<std::vector<TextLabels>> LabelModel::label(const std::vector<std::string>& texts,
                                                  const std::function<bool(std::size_t)>& done) {
  const auto tokens_max = static_cast<std::size_t>(states_->context_tokens());
  std::vector<TextLabels> made(texts.size());
  std::vector<Tokens> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    RESIDENCY_TRY(auto tokens, dataset::text_tokens(texts[i], *tokenizer_));
    if (tokens.tokens.size() > tokens_max) {
      tokens.tokens[tokens_max - 1] = tokens.tokens.back();
      tokens.tokens.resize(tokens_max);
      made[i].cut = true;
    }
    all.push_back(std::move(tokens.tokens));
  }
  RESIDENCY_TRY(const auto states, states_->run(all, infer::HiddenStates::Wanted::kLast, done));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TextLabels& labels = made[i];
    labels.log_scores = head_.log_scores(states[i]);
    if (head_.kind == model::HeadKind::kLabel) {
      const auto best = std::max_element(labels.log_scores.begin(), labels.log_scores.end());
      labels.labels = {head_.labels[static_cast<std::size_t>(best - labels.log_scores.begin())]};
      continue;
    }
    for (std::size_t label = 0; label < head_.labels.size(); ++label) {
      if (labels.log_scores[label] > std::log(0.5f)) labels.labels.push_back(head_.labels[label]);
    }
  }
  return made;
}

}  // namespace residency::eval
