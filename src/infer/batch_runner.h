// BatchRunner: generates for many prompts at once, a sequence each, refilling as they end.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"
#include "infer/loaded_model.h"

namespace residency::infer {

/// Continuous batching: a prompt is computed by itself as soon as a sequence is free, then every
/// step computes one token of each running sequence. With weights whose products llama.cpp computes
/// column by column (F32, F16, BF16, Q4_1...) a sequence's logits do not depend on its neighbours,
/// bit for bit; with repacked weights (Q4_0, Q4_K...) they may in the order of sums.
class BatchRunner {
 public:
  BatchRunner(LoadedModel& loaded, const SamplingOptions& sampling)
      : loaded_(loaded), sampling_(sampling) {}

  /// Prompts are tokens, 1 to context_tokens - 1 of them each. `sink` takes the text of a lone
  /// prompt and may be empty; `done` is called with the number finished and may be empty.
  Result<std::vector<Generation>> run(const std::vector<std::vector<std::int32_t>>& prompts,
                                      const TextSink& sink,
                                      const std::function<void(std::size_t)>& done);

 private:
  LoadedModel& loaded_;
  const SamplingOptions& sampling_;
};

}  // namespace residency::infer
