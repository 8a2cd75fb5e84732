#include "infer/logprobs.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "infer/token_batch.h"

namespace residency::infer {
namespace {

/// log of the sum of exp over the logits, in double.
double log_sum_exp(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

Result<std::span<const float>> logits_at(LoadedModel& loaded, int index) {
  const float* logits = llama_get_logits_ith(loaded.context.get(), index);
  if (logits == nullptr) return internal_error("llama.cpp gave no logits");
  return std::span(logits, static_cast<std::size_t>(loaded.vocabulary().size()));
}

/// Computes tokens[0..] from `position` on in sequence 0 and hands each wanted position's logits to
/// `take(index into tokens, logits)`.
template <class Take>
Result<void> compute(LoadedModel& loaded, std::span<const std::int32_t> tokens, int position,
                     bool every_position, const Take& take) {
  TokenBatch batch;
  std::size_t next = 0;
  while (next < tokens.size()) {
    batch.clear();
    const std::size_t first = next;
    while (next < tokens.size() && batch.room() > 0) {
      const bool wanted = every_position || next + 1 == tokens.size();
      if (wanted && batch.outputs_room() == 0) break;
      batch.add(tokens[next], position + static_cast<int>(next), 0, wanted);
      ++next;
    }
    RESIDENCY_TRY_VOID(batch.decode(loaded.context.get()));
    for (std::size_t i = first; i < next; ++i) {
      if (!every_position && i + 1 != tokens.size()) continue;
      RESIDENCY_TRY(const auto logits, logits_at(loaded, static_cast<int>(i - first)));
      take(i, logits);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<double>> score_continuations(
    LoadedModel& loaded, const std::vector<std::int32_t>& prompt,
    const std::vector<std::vector<std::int32_t>>& continuations) {
  auto* memory = llama_get_memory(loaded.context.get());
  // What the prompt shares with the last one (shots, an instruction) is there already. Its last
  // token is computed in any case: its logits are wanted.
  const auto shared = std::mismatch(prompt.begin(), prompt.end() - 1, loaded.remembered.begin(),
                                    loaded.remembered.end())
                          .first -
                      prompt.begin();
  const auto kept = static_cast<int>(shared);
  loaded.remembered.clear();  // stays so where something fails
  llama_memory_seq_rm(memory, 0, kept, -1);
  std::vector<float> after_prompt;
  RESIDENCY_TRY_VOID(compute(
      loaded, std::span(prompt).subspan(static_cast<std::size_t>(kept)), kept, false,
      [&](std::size_t, auto logits) { after_prompt.assign(logits.begin(), logits.end()); }));
  const double first_total = log_sum_exp(after_prompt);
  const int end = static_cast<int>(prompt.size());
  std::vector<double> sums;
  sums.reserve(continuations.size());
  for (const auto& tokens : continuations) {
    double sum = 0;
    if (!tokens.empty()) sum = after_prompt[static_cast<std::size_t>(tokens[0])] - first_total;
    if (tokens.size() > 1) {
      llama_memory_seq_rm(memory, 0, end, -1);
      const auto seen = std::span(tokens).first(tokens.size() - 1);
      RESIDENCY_TRY_VOID(compute(loaded, seen, end, true, [&](std::size_t i, auto logits) {
        sum += logits[static_cast<std::size_t>(tokens[i + 1])] - log_sum_exp(logits);
      }));
    }
    sums.push_back(sum);
  }
  llama_memory_seq_rm(memory, 0, end, -1);
  loaded.remembered = prompt;
  return sums;
}

Result<std::vector<float>> score_all(LoadedModel& loaded, const std::vector<std::int32_t>& tokens) {
  loaded.forget();
  const auto vocabulary = static_cast<std::size_t>(loaded.vocabulary().size());
  std::vector<float> all(tokens.size() * vocabulary);
  RESIDENCY_TRY_VOID(compute(loaded, tokens, 0, true, [&](std::size_t i, auto logits) {
    const double total = log_sum_exp(logits);
    std::transform(logits.begin(), logits.end(),
                   all.begin() + static_cast<std::ptrdiff_t>(i * vocabulary),
                   [&](float logit) { return static_cast<float>(logit - total); });
  }));
  return all;
}

}  // namespace residency::infer
