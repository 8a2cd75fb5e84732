// Perplexity on general text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "eval/score_facts.h"
#include "infer/engine.h"

namespace residency::eval {

/// Passages of English prose in the public domain (data/eval/general.txt).
std::string_view builtin_general_text();

/// The losses of `text` in windows of at most 256 tokens; the first of a window is not foretold.
/// kInvalidInput for a text of fewer than 64 tokens.
Result<GeneralText> general_text_losses(infer::Engine& engine, std::string_view text);

}  // namespace residency::eval
