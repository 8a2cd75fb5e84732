#include "eval/general_text.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/embedded_data.h"
#include "eval/prompt_digest.h"

RESIDENCY_EMBEDDED(general_text);

namespace residency::eval {
namespace {

constexpr std::size_t kWindow = 256;
constexpr std::size_t kTokensMin = 64;
constexpr std::size_t kTokensMax = 200'000;

}  // namespace

std::string_view builtin_general_text() { return embedded_general_text(); }

Result<GeneralText> general_text_losses(infer::Engine& engine, std::string_view text) {
  RESIDENCY_TRY(const auto tokens, engine.tokenize(text, false, false));
  if (tokens.size() < kTokensMin || tokens.size() > kTokensMax)
    return invalid_input(fmt::format("general text must have {} to {} tokens, it has {}",
                                     kTokensMin, kTokensMax, tokens.size()));
  GeneralText losses;
  PromptDigest digest;
  digest.add(text);
  losses.sha256 = digest.hex();
  const auto window =
      std::min(kWindow, static_cast<std::size_t>(std::max(2, engine.context_tokens())));
  const auto vocabulary = static_cast<std::size_t>(engine.vocabulary_size());
  for (std::size_t from = 0; from + 1 < tokens.size(); from += window) {
    const std::size_t to = std::min(tokens.size(), from + window);
    if (to - from < 2) break;
    const std::vector<std::int32_t> part(tokens.begin() + static_cast<std::ptrdiff_t>(from),
                                         tokens.begin() + static_cast<std::ptrdiff_t>(to));
    RESIDENCY_TRY(const auto rows, engine.all_logprobs(part));
    if (rows.size() != part.size() * vocabulary)
      return internal_error("engine gave another number of log-probabilities than asked");
    double loss = 0;
    for (std::size_t i = 0; i + 1 < part.size(); ++i)
      loss -= static_cast<double>(rows[i * vocabulary + static_cast<std::size_t>(part[i + 1])]);
    losses.window_losses.push_back(loss);
    losses.window_tokens.push_back(part.size() - 1);
  }
  return losses;
}

}  // namespace residency::eval
