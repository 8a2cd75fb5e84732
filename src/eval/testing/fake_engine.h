// What the tests of evaluation share: an engine that answers by functions, lines, items.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/line_io.h"
#include "dataset/example.h"
#include "infer/engine.h"

namespace residency::eval::evaltest {

/// Answers by a function of the prompt; one token per byte.
class FakeEngine final : public infer::Engine {
 public:
  std::function<std::string(std::string_view prompt)> answer = [](auto) { return "I10"; };
  std::function<double(std::string_view prompt, std::string_view choice)> logprob = [](auto, auto) {
    return -1.0;
  };
  int context = 1000;
  float general_logprob = -2;  // of every token everywhere
  std::vector<std::string> prompts_seen;
  infer::SamplingOptions sampling_seen;

  Result<std::string> render_chat(const std::vector<infer::ChatMessage>& messages,
                                  bool add_assistant) const override {
    std::string text;
    for (const auto& message : messages) text += "<" + message.role + ">" + message.content;
    return text + (add_assistant ? "<assistant>" : "");
  }
  Result<std::vector<std::int32_t>> tokenize(std::string_view text, bool, bool) const override {
    return std::vector<std::int32_t>(text.begin(), text.end());
  }
  std::string token_text(std::int32_t) const override { return ""; }
  int context_tokens() const override { return context; }
  int vocabulary_size() const override { return 256; }
  Result<infer::Generation> generate(std::string_view prompt, const infer::SamplingOptions&,
                                     const infer::TextSink&) override {
    return infer::Generation{answer(prompt), infer::FinishReason::kStop, 1, 2};
  }
  Result<std::vector<infer::Generation>> generate_batch(
      const std::vector<std::string>& prompts, const infer::SamplingOptions& sampling,
      const std::function<void(std::size_t)>& done) override {
    sampling_seen = sampling;
    std::vector<infer::Generation> answers;
    for (const auto& prompt : prompts) {
      prompts_seen.push_back(prompt);
      RESIDENCY_TRY(auto one, generate(prompt, sampling, {}));
      answers.push_back(std::move(one));
      done(answers.size());
    }
    return answers;
  }
  Result<std::vector<double>> continuation_logprobs(
      std::string_view prompt, const std::vector<std::string>& continuations) override {
    prompts_seen.emplace_back(prompt);
    std::vector<double> values;
    for (const auto& text : continuations) values.push_back(logprob(prompt, text));
    return values;
  }
  Result<std::vector<float>> all_logprobs(const std::vector<std::int32_t>& tokens) override {
    return std::vector<float>(tokens.size() * 256, general_logprob);
  }
};

class Lines final : public LineSource {
 public:
  explicit Lines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  Result<bool> next(std::string& line) override {
    if (at_ == lines_.size()) return false;
    line = lines_[at_++];
    return true;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
};

inline std::string item(const std::string& id, const std::string& prompt,
                        const std::string& completion, std::vector<std::string> labels,
                        dataset::Format format = dataset::Format::kChat) {
  dataset::Example example;
  example.id = id;
  example.messages = {{"user", prompt}, {"assistant", completion}};
  example.labels = std::move(labels);
  example.category = id.substr(0, 1);
  example.format = format;
  return dataset::to_json_line(example);
}

}  // namespace residency::eval::evaltest
