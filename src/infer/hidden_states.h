// HiddenStates: the last norm's outputs of a model, for heads that say labels and for embeddings.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "infer/engine.h"

namespace residency::infer {

class HiddenStates {
 public:
  enum class Wanted : std::uint8_t { kAll, kLast };

  /// Loads the model as Engine::open does. `bidirectional`: every token sees its whole sequence.
  static Result<std::unique_ptr<HiddenStates>> open(EngineOptions options, bool bidirectional);

  virtual ~HiddenStates() = default;
  virtual int context_tokens() const = 0;
  virtual std::int64_t width() const = 0;

  /// For each sequence of tokens [tokens, width] row-major, or its last token's [width] alone;
  /// short sequences share a call of llama.cpp. `done` is called with the number finished so far
  /// (may be empty); false stops with kCancelled. kInvalidArgument for a sequence that is empty or
  /// longer than context_tokens(). Not thread-safe.
  virtual Result<std::vector<std::vector<float>>> run(
      const std::vector<std::vector<std::int32_t>>& sequences, Wanted wanted,
      const std::function<bool(std::size_t)>& done) = 0;
};

}  // namespace residency::infer
