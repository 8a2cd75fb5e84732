#include "pipeline/parity_proof.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "infer/engine.h"
#include "model/tokenizer.h"
#include "train/train.h"

namespace residency::pipeline {
namespace {

/// Questions and answers of our own; nothing of any record.
constexpr std::array<std::array<const char*, 2>, 3> kConversations{{
    {"Which organ makes insulin?", "The pancreas makes insulin, in the beta cells of its islets."},
    {"Give the ICD-10-CM code of essential hypertension.", "I10"},
    {"Summarise: cough for three days, no fever, clear lungs.",
     "Three days of cough without fever; the lungs are clear."},
}};

ParityPrompt compare(const std::vector<float>& trained, const std::vector<float>& exported,
                     const std::vector<std::int32_t>& tokens) {
  ParityPrompt prompt;
  prompt.tokens = static_cast<std::int64_t>(tokens.size());
  const std::size_t vocabulary = trained.size() / tokens.size();
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const float* ours = trained.data() + t * vocabulary;
    const float* theirs = exported.data() + t * vocabulary;
    double divergence = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const auto a = static_cast<double>(ours[i]);
      divergence += std::exp(a) * (a - static_cast<double>(theirs[i]));
    }
    prompt.mean_divergence += divergence / static_cast<double>(tokens.size());
    prompt.largest_divergence = std::max(prompt.largest_divergence, divergence);
    const auto our_best = std::max_element(ours, ours + vocabulary) - ours;
    const auto their_best = std::max_element(theirs, theirs + vocabulary) - theirs;
    if (our_best == their_best) prompt.same_choice += 1.0 / static_cast<double>(tokens.size());
    if (t + 1 == tokens.size()) continue;
    const auto next = static_cast<std::size_t>(tokens[t + 1]);
    prompt.largest_difference = std::max(prompt.largest_difference,
                                         static_cast<double>(std::abs(ours[next] - theirs[next])));
  }
  return prompt;
}

}  // namespace

Json ParityProof::to_json() const {
  Json list = Json::array();
  for (const ParityPrompt& prompt : prompts) {
    list.push_back({{"tokens", prompt.tokens},
                    {"mean_divergence", prompt.mean_divergence},
                    {"largest_divergence", prompt.largest_divergence},
                    {"largest_difference", prompt.largest_difference},
                    {"same_choice", prompt.same_choice}});
  }
  return {{"export", export_form},
          {"trained_sha256", base_sha256},
          {"exported_sha256", exported_sha256},
          {"mean_divergence", mean_divergence},
          {"divergence_max", kParityDivergenceMax},
          {"holds", holds},
          {"prompts", std::move(list)}};
}

Result<ParityProof> prove_parity(const ParityInputs& inputs) {
  RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(inputs.exported_path));
  infer::EngineOptions options;
  options.model_path = inputs.exported_path;
  options.adapter_path = inputs.exported_adapter_path;
  options.context_tokens = 512;
  RESIDENCY_TRY(const auto engine, infer::Engine::open(options));
  ParityProof proof;
  std::int64_t places = 0;
  for (const auto& [question, answer] : kConversations) {
    const std::vector<model::TemplateMessage> messages{{"user", question}, {"assistant", answer}};
    // A base model has no template: its text stands bare.
    const auto rendered = tokenizer->render_chat(messages, false);
    const std::string text =
        rendered.ok() ? *rendered : std::string(question) + "\n" + std::string(answer);
    auto tokens = tokenizer->encode(text, tokenizer->add_bos(), true);
    if (!rendered.ok() && tokenizer->end_of_turn() >= 0) tokens.push_back(tokenizer->end_of_turn());
    RESIDENCY_TRY(const auto trained,
                  train::forward_logprobs(inputs.trained_path, inputs.adapter, tokens,
                                          train::Precision::kBf16, train::Backend::kAuto));
    RESIDENCY_TRY(const auto exported, engine->all_logprobs(tokens));
    if (trained.size() != exported.size())
      return internal_error("the trained model and its export have vocabularies of other sizes");
    proof.prompts.push_back(compare(trained, exported, tokens));
    const auto count = static_cast<std::int64_t>(tokens.size());
    proof.mean_divergence += proof.prompts.back().mean_divergence * static_cast<double>(count);
    places += count;
  }
  proof.mean_divergence /= static_cast<double>(places);
  // A NaN does not hold.
  proof.holds = proof.mean_divergence <= kParityDivergenceMax;
  return proof;
}

}  // namespace residency::pipeline
