// Log-probabilities of given tokens: scoring without generation.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "infer/loaded_model.h"

namespace residency::infer {

/// As Engine::continuation_logprobs, over tokens. `prompt` has 1 token at least, and each
/// continuation fits behind it.
Result<std::vector<double>> score_continuations(
    LoadedModel& loaded, const std::vector<std::int32_t>& prompt,
    const std::vector<std::vector<std::int32_t>>& continuations);

/// As Engine::all_logprobs. `tokens` fit the context.
Result<std::vector<float>> score_all(LoadedModel& loaded, const std::vector<std::int32_t>& tokens);

}  // namespace residency::infer
