#include "eval/evaluate.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

#include "dataset/example.h"
#include "eval/answer_reader.h"
#include "eval/decision.h"
#include "eval/finish_scores.h"
#include "eval/general_text.h"
#include "eval/labelled_prompt.h"
#include "eval/prompt_digest.h"
#include "eval/shots.h"
#include "eval/test_items.h"
#include "eval/text_overlap.h"

namespace residency::eval {
namespace {

using dataset::Example;
using dataset::Format;

/// Prompts that are given to the engine at once; between two blocks the work can be stopped.
constexpr std::size_t kBlockItems = 128;

/// One run over a test set: items in, predictions out.
class Evaluation {
 public:
  Evaluation(const EvalOptions& options, infer::Engine& engine, const std::vector<Example>& items,
             Shots shots, Progress& progress)
      : options_(options),
        engine_(engine),
        items_(items),
        shots_(std::move(shots)),
        progress_(progress) {}

  /// True where choices are weighed rather than an answer generated.
  bool chooses() const {
    return options_.task == EvalTask::kMultipleChoice ||
           (options_.task == EvalTask::kClassification &&
            items_.front().format == Format::kLabelled);
  }

  Result<void> prepare(ModelScores& scores) {
    RESIDENCY_TRY_VOID(choose_labels(scores));
    PromptDigest digest;
    std::set<std::string> templates;
    for (const Example& item : items_) {
      RESIDENCY_TRY(auto prompt, render(item));
      // A labelled text is put to models with and without a head: what they share is the text.
      const bool labelled = item.format == Format::kLabelled;
      digest.add(labelled ? item.messages.front().content : prompt);
      RESIDENCY_TRY(const bool room, fits(prompt, item));
      prompts_.push_back(std::move(prompt));
      templates.insert(item.format == Format::kCompletion ? "completion" : "chat");
      Prediction prediction = prediction_for(item, options_.task);
      prediction.asked = room;
      scores.predictions.push_back(std::move(prediction));
    }
    scores.template_use = templates.size() == 1 ? *templates.begin() : "mixed";
    scores.prompts_sha256 = digest.hex();
    return {};
  }

  Result<void> ask(ModelScores& scores) {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (scores.predictions[i].asked) asked.push_back(i);
    }
    return chooses() ? choose(asked, scores) : generate(asked, scores);
  }

  /// Asks the first items again, among others than the first time, and counts what differs.
  Result<void> repeat(ModelScores& scores) {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (asked.size() == static_cast<std::size_t>(options_.repeat_items)) break;
      if (scores.predictions[i].asked) asked.push_back(i);
    }
    ModelScores again;
    again.predictions = scores.predictions;
    RESIDENCY_TRY_VOID(chooses() ? choose(asked, again) : generate(asked, again));
    scores.repeated.items = asked.size();
    for (const std::size_t i : asked) {
      const Prediction& first = scores.predictions[i];
      const Prediction& second = again.predictions[i];
      scores.repeated.differing += first.prediction != second.prediction ? 1 : 0;
      for (std::size_t k = 0; k < first.logprobs.size(); ++k) {
        scores.repeated.largest =
            std::max(scores.repeated.largest, std::abs(first.logprobs[k] - second.logprobs[k]));
      }
    }
    return {};
  }

 private:
  Result<void> generate(const std::vector<std::size_t>& asked, ModelScores& scores) {
    infer::SamplingOptions sampling;
    sampling.tokens_max = static_cast<int>(options_.tokens_max);
    sampling.stop = options_.stop;
    const bool types = options_.task == EvalTask::kEntities;
    sampling.grammar =
        grammar_text(options_, types ? std::vector<std::string>(labels_.begin(), labels_.end())
                               : choices_.empty() ? options_.choices
                                                  : choices_);
    for (std::size_t from = 0; from < asked.size(); from += kBlockItems) {
      if (progress_.cancelled()) return cancelled("evaluation stopped");
      const std::size_t to = std::min(asked.size(), from + kBlockItems);
      std::vector<std::string> prompts;
      for (std::size_t i = from; i < to; ++i) prompts.push_back(prompts_[asked[i]]);
      RESIDENCY_TRY(const auto answers,
                    engine_.generate_batch(prompts, sampling, [&](std::size_t done) {
                      progress_.update(from + done, asked.size(), "items", "");
                    }));
      if (answers.size() != prompts.size()) {
        return internal_error("engine gave another number of answers than prompts");
      }
      for (std::size_t i = from; i < to; ++i) {
        scores.completion_tokens +=
            static_cast<std::uint64_t>(std::max(0, answers[i - from].completion_tokens));
        judge_text(items_[asked[i]], answers[i - from].text, scores.predictions[asked[i]]);
      }
    }
    return {};
  }

  Result<void> choose(const std::vector<std::size_t>& asked, ModelScores& scores) {
    for (std::size_t done = 0; done < asked.size(); ++done) {
      if (progress_.cancelled()) return cancelled("evaluation stopped");
      const std::size_t i = asked[done];
      Prediction& prediction = scores.predictions[i];
      RESIDENCY_TRY(prediction.logprobs,
                    engine_.continuation_logprobs(prompts_[i], continuations(items_[i])));
      if (prediction.logprobs.size() != choices_.size()) {
        return internal_error("engine gave another number of log-probabilities than choices");
      }
      if (!std::all_of(prediction.logprobs.begin(), prediction.logprobs.end(),
                       [](double logprob) { return std::isfinite(logprob); })) {
        return invalid_input(
            fmt::format("model's log-probabilities are not numbers: test set item {}", i + 1));
      }
      const auto best = std::max_element(prediction.logprobs.begin(), prediction.logprobs.end());
      prediction.prediction =
          choices_[static_cast<std::size_t>(best - prediction.logprobs.begin())];
      prediction.parsed = {prediction.prediction};
      prediction.readable = true;
      prediction.correct = prediction.labels == prediction.parsed;
      prediction.score = prediction.correct ? 1 : 0;
      progress_.update(done + 1, asked.size(), "items", "");
    }
    return {};
  }

  Result<std::string> render(const Example& item) {
    const auto shots = shots_.empty() ? std::vector<const Example*>() : shots_.next();
    if (item.format == Format::kCompletion) {
      for (const Example* shot : shots) {
        if (shot->format != Format::kCompletion)
          return invalid_input("eval.shots: examples are not in the items' format");
      }
      return shots_prompt(shots, item);
    }
    std::vector<infer::ChatMessage> messages;
    // A system message stands once, before the shots.
    const bool system = item.messages.front().role == "system";
    if (system) messages.push_back({"system", item.messages.front().content});
    for (const Example* shot : shots) {
      RESIDENCY_TRY_VOID(append_turns(*shot, messages));
      const bool labelled = shot->format == Format::kLabelled;
      messages.push_back({"assistant", labelled ? labelled_answer(*shot, options_.task)
                                                : shot->messages.back().content});
    }
    RESIDENCY_TRY_VOID(append_turns(item, messages));
    return engine_.render_chat(messages, true);
  }

  /// All turns of an example but its answer and its system message.
  Result<void> append_turns(const Example& example, std::vector<infer::ChatMessage>& messages) {
    if (example.format == Format::kLabelled) {
      messages.push_back({"user", labelled_prompt(example, options_, labels_)});
      return {};
    }
    if (example.format != Format::kChat)
      return invalid_input("eval.shots: examples are not in the items' format");
    for (std::size_t i = 0; i + 1 < example.messages.size(); ++i) {
      if (example.messages[i].role == "system") continue;
      messages.push_back({example.messages[i].role, example.messages[i].content});
    }
    return {};
  }

  std::vector<std::string> continuations(const Example& item) const {
    std::vector<std::string> texts;
    for (const std::string& choice : choices_) {
      texts.push_back(item.format == Format::kCompletion ? " " + choice : choice);
    }
    return texts;
  }

  /// Whether prompt and answer fit the model's context. One more place is for a BOS.
  Result<bool> fits(const std::string& prompt, const Example& item) const {
    RESIDENCY_TRY(const auto tokens, engine_.tokenize(prompt, false, true));
    std::size_t answer = static_cast<std::size_t>(options_.tokens_max);
    if (chooses()) {
      answer = 0;
      for (const std::string& text : continuations(item)) {
        RESIDENCY_TRY(const auto choice, engine_.tokenize(text, false, false));
        answer = std::max(answer, choice.size());
      }
    }
    return tokens.size() + 1 + answer <= static_cast<std::size_t>(engine_.context_tokens());
  }

  /// The label set: as the options say, else the test set's own gold labels.
  Result<void> choose_labels(ModelScores& scores) {
    std::set<std::string> gold;
    const bool may_be_empty =
        options_.task == EvalTask::kExact || options_.task == EvalTask::kGeneration ||
        options_.task == EvalTask::kEntities ||
        (options_.task == EvalTask::kCodeF1 && items_.front().format == Format::kLabelled);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto& labels = items_[i].labels;
      for (const auto& entity : items_[i].entities) labels_.insert(entity.type);
      if (!may_be_empty && labels.empty()) {
        return invalid_input(fmt::format("item has no labels: test set item {}", i + 1));
      }
      gold.insert(labels.begin(), labels.end());
    }
    const bool entities = options_.task == EvalTask::kEntities;
    if (!entities) labels_ = gold;
    scores.label_count = labels_.size();
    scores.negative = options_.negative;
    if (entities || options_.task == EvalTask::kCodeF1 || options_.task == EvalTask::kExact ||
        options_.task == EvalTask::kGeneration)
      return {};
    if (options_.task == EvalTask::kDecision) return choose_decisions(scores);
    choices_ = options_.choices;
    if (choices_.empty()) choices_.assign(gold.begin(), gold.end());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto& labels = items_[i].labels;
      if (labels.size() != 1 ||
          std::find(choices_.begin(), choices_.end(), labels[0]) == choices_.end()) {
        return invalid_input(
            fmt::format("item does not have one label that is a choice: test set item {}", i + 1));
      }
    }
    if (choices_.size() < 2) return invalid_input("test set has fewer than two labels");
    scores.choices = choices_;
    return {};
  }

  /// Decisions are what stands first among the labels of any item; what stands behind, its reasons.
  Result<void> choose_decisions(ModelScores& scores) {
    std::set<std::string> decisions(options_.choices.begin(), options_.choices.end());
    for (const Example& item : items_) {
      if (options_.choices.empty()) decisions.insert(item.labels.front());
      reasons_.insert(item.labels.begin() + 1, item.labels.end());
    }
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (decisions.count(items_[i].labels.front()) == 0) {
        return invalid_input(
            fmt::format("item's first label is no choice: test set item {}", i + 1));
      }
    }
    if (decisions.size() < 2) return invalid_input("test set has fewer than two decisions");
    choices_.assign(decisions.begin(), decisions.end());
    scores.choices = choices_;
    return {};
  }

  void judge_text(const Example& item, const std::string& text, Prediction& prediction) const {
    prediction.prediction = text;
    if (options_.task == EvalTask::kCodeF1) {
      prediction.parsed = read_codes(text);
      prediction.ranked = read_codes_in_order(text);
      prediction.readable = !prediction.parsed.empty();
      judge_sets(prediction);
      return;
    }
    if (options_.task == EvalTask::kEntities) {
      const auto spans = read_entities(text, item.messages.front().content, labels_);
      prediction.readable = spans.has_value();
      if (spans) prediction.parsed = entity_labels(*spans);
      judge_sets(prediction);
      return;
    }
    if (options_.task == EvalTask::kDecision) {
      const auto read = read_decision(text, choices_, reasons_);
      prediction.readable = read.has_value();
      if (read) prediction.parsed = *read;
      judge_sets(prediction);
      return;
    }
    if (options_.task == EvalTask::kClassification) {
      const auto label = read_label(text, choices_);
      prediction.readable = label.has_value();
      if (label) prediction.parsed = {*label};
      prediction.correct = prediction.parsed == item.labels;
    } else {
      const std::string answer = squeeze(text);
      prediction.readable = !answer.empty();
      prediction.correct = answer == squeeze(item.messages.back().content);
    }
    if (options_.task == EvalTask::kGeneration) {
      prediction.score = rouge_l(item.messages.back().content, text);
      return;
    }
    prediction.score = prediction.correct ? 1 : 0;
  }

  const EvalOptions& options_;
  infer::Engine& engine_;
  const std::vector<Example>& items_;
  Shots shots_;
  std::vector<std::string> prompts_;
  std::vector<std::string> choices_;
  std::set<std::string> reasons_;  // decision: all that any item has
  std::set<std::string> labels_;   // the test set's own, or its entities' types
  Progress& progress_;
};

}  // namespace

Result<ModelScores> evaluate(const EvalOptions& options, infer::Engine& engine, EvalInputs inputs,
                             Progress& progress) {
  RESIDENCY_TRY(auto items, read_items(inputs.test));
  ModelScores scores;
  scores.task = options.task;
  scores.items_in_set = items.size();
  items = sample_items(std::move(items), options);
  scores.items = items.size();
  if (items.empty()) return invalid_input("test set has no items");
  scores.options_json = options.canonical_json();
  scores.shots = static_cast<int>(options.shots);
  RESIDENCY_TRY(auto shots, Shots::make(options, std::move(inputs.shot_pool)));
  Evaluation evaluation(options, engine, items, std::move(shots), progress);
  RESIDENCY_TRY_VOID(evaluation.prepare(scores));
  RESIDENCY_TRY_VOID(evaluation.ask(scores));
  RESIDENCY_TRY_VOID(evaluation.repeat(scores));
  if (!inputs.general_text.empty()) {
    RESIDENCY_TRY(scores.general_text, general_text_losses(engine, inputs.general_text));
  }
  RESIDENCY_TRY_VOID(finish_scores(options, inputs, items, scores));
  return scores;
}

}  // namespace residency::eval
