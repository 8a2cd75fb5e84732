// BatchRunner: generates for many prompts at once, a sequence each, refilling as they end.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"
#include "infer/loaded_model.h"

namespace residency::infer {

/// Continuous batching: every step decodes one token of each running sequence and as much of the
/// waiting prompts as fits beside them. A prompt's tokens are computed in the same order whatever
/// its neighbours are, so results do not depend on them but for the order of floating-point sums.
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
